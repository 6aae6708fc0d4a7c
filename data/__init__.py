"""What was measured: frozen types on numpy and scipy.sparse, units in the field names."""
