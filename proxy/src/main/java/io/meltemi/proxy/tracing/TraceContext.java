package io.meltemi.proxy.tracing;

import io.meltemi.proxy.loop.LoopContext;

/**
 * Which span of which trace.
 *
 * @param traceHigh first half of the trace's id; 0 in a trace of 64 bits
 * @param parentId 0 for none
 * @param sampled whether its spans are told to a collector
 */
public record TraceContext(
    long traceHigh, long traceLow, long spanId, long parentId, boolean sampled) {

  /** The context of a span below this one. */
  public TraceContext child(LoopContext loop) {
    return new TraceContext(traceHigh, traceLow, id(loop), spanId, sampled);
  }

  /** A random id, which is never 0. */
  public static long id(LoopContext loop) {
    long id = loop.random();
    while (id == 0) {
      id = loop.random();
    }
    return id;
  }
}
