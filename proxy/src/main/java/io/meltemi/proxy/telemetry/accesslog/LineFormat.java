package io.meltemi.proxy.telemetry.accesslog;

import io.meltemi.proxy.telemetry.FormatOutput;
import io.meltemi.proxy.telemetry.StreamInfo;

/** Makes one log line, its line end included. Any thread. */
interface LineFormat {
  void write(StreamInfo info, FormatOutput out);
}
