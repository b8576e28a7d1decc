"""Other tools that do a part of Touchline's work, run with the fastest settings of their documentation."""
