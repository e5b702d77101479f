"""Pages, by face. A package only so that the templates install with the wheel."""
