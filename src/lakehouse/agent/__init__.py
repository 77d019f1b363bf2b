"""Lines that applications write to log files, sent to Kinesis or Firehose."""
