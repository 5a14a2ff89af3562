package io.meltemi.proxy.tracing;

import io.meltemi.proxy.header.HeaderBlock;

/** How the context of one trace travels to the next hop. Event loop of the stream. */
public interface Propagation {
  /** Writes a span's context to the headers of a request that is its child. */
  void write(Span span, HeaderBlock headers);
}
