// Sends the form of a page that has nothing to ask. Without scripts its button does the same.
document.forms[0].submit();
