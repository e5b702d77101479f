"""Apache httpd with a configuration of its own: no file of the machine's configuration is read.

As root its workers become www-data, which may not enter pytest's folders: the server lives in a folder beside them.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.support.ports import free_port
from tests.support.servers import Program

_MODULES = ("mpm_event", "unixd", "authn_core", "authz_core", "authz_user", "mime", "include", "env", "headers", "dir")
_BUILT_IN = frozenset({"unixd"})
# A server-side include that prints every variable of the request: REMOTE_USER and what the module says about the person.
_WHO = "<pre>\nREMOTE_USER=<!--#echo var=\"REMOTE_USER\" -->\n<!--#printenv -->\n</pre>\n"


class Apache:
    """`Apache(("auth_mellon",))`, files into `folder`, then `with server.start(configuration):`"""

    def __init__(self, modules: tuple[str, ...]) -> None:
        self._modules = modules
        self._stack = ExitStack()
        self.folder = Path(tempfile.mkdtemp(prefix="vestibule-apache-"))
        self._stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"

    def start(self, configuration: str) -> Apache:
        pages = self.folder / "pages" / "secret"
        pages.mkdir(parents=True)
        (pages / "who.shtml").write_text(_WHO)
        (pages.parent / "index.html").write_text("everybody may read this\n")
        (self.folder / "httpd.conf").write_text(self._base() + configuration)
        self._open_to_workers()
        command = ["/usr/sbin/apache2", "-d", str(self.folder), "-f", str(self.folder / "httpd.conf"), "-DFOREGROUND"]
        self._program = self._stack.enter_context(Program(command, port=self.port, log=self.folder / "output"))
        return self

    def __enter__(self) -> Apache:
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def errors(self) -> str:
        """What the server wrote into its error log."""
        return (self.folder / "error.log").read_text("utf-8", "replace")

    def _base(self) -> str:
        loads = "".join(f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n" for name in self._all_modules())
        identity = "User www-data\nGroup www-data\n" if os.geteuid() == 0 else ""
        return f"""{loads}{identity}
ServerName 127.0.0.1:{self.port}
Listen 127.0.0.1:{self.port}
PidFile {self.folder}/httpd.pid
DefaultRuntimeDir {self.folder}
Mutex file:{self.folder}/locks default
ErrorLog {self.folder}/error.log
LogLevel info
StartServers 1
ThreadsPerChild 8
MaxRequestWorkers 8
MinSpareThreads 1
MaxSpareThreads 8
TypesConfig /dev/null
DocumentRoot {self.folder}/pages
<Directory {self.folder}/pages>
    Require all granted
    Options +Includes
    AddType text/html .shtml .html
    AddOutputFilter INCLUDES .shtml
</Directory>
"""

    def _all_modules(self) -> list[str]:
        return [name for name in (*_MODULES, *self._modules) if name not in _BUILT_IN]

    def _open_to_workers(self) -> None:
        (self.folder / "locks").mkdir()
        self.folder.chmod(0o755)
        for path in (self.folder, *self.folder.rglob("*")):
            if os.geteuid() == 0:
                shutil.chown(path, "www-data", "www-data")


def variables(page: str) -> dict[str, str]:
    """What the protected page printed."""
    lines = page.partition("<pre>")[2].partition("</pre>")[0].splitlines()
    return {name: value for name, found, value in (line.partition("=") for line in lines) if found}
