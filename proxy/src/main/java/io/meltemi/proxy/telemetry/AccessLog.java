package io.meltemi.proxy.telemetry;

/**
 * A sink for finished streams. Called once per stream on its event loop; must not block, and must
 * take what it needs before it returns because the stream's record is reused.
 */
public interface AccessLog {
  void log(StreamInfo info);
}
