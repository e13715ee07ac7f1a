"""The SDK: plain, blocking, standard library only.  For sensors, scripts and notebooks."""
