"""The whole stack on one machine: the engine emulates AWS's services, this package Lambda."""
