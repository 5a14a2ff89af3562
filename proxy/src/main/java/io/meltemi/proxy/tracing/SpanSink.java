package io.meltemi.proxy.tracing;

/** Takes the spans of one trace as they end, once each, on the event loop of the stream. */
public interface SpanSink {
  void ended(Span span);
}
