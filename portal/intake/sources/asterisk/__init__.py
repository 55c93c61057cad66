"""The spool of an Asterisk: `cdr-csv/Master.csv`, `monitor/` with the recordings, `voicemail/` with the messages."""
