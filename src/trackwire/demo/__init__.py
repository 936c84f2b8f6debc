"""The demonstration that `trackwire demo` runs, and its sample exports."""
