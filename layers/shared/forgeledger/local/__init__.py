"""The whole stack on one machine: the engine emulates the services, this package Lambda."""
