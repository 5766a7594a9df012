"""The API: everything that the console can do, for programs (`/api/v1`)."""
