"""What is reached by HTTP: callbacks, public pages, and the page that shows progress."""
