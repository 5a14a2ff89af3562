package io.meltemi.proxy.tracing;

import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.loop.LoopContext;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * What happened to a request here, or to one try of it. A span that is not recorded only carries
 * the context on. Event loop of the stream, until it has ended; then nobody changes it.
 */
public final class Span {
  /** Whether it answers somebody or asks somebody. */
  public enum Kind {
    SERVER,
    CLIENT
  }

  /**
   * What is said about a span.
   *
   * @param key unlike that of every other tag of the span
   */
  public record Tag(String key, String value) {}

  /**
   * A moment in the life of a stream.
   *
   * @param epochNanos wall clock
   */
  public record Event(long epochNanos, String name) {}

  /**
   * What all spans of a trace at this proxy share.
   *
   * @param recorded whether tags and moments of its spans are kept
   */
  public record Trace(Propagation propagation, SpanSink sink, boolean recorded) {}

  private final LoopContext loop;
  private final Trace trace;
  private final TraceContext context;
  private final boolean remoteParent;
  private final Kind kind;
  private final long startNanos;
  private final List<Tag> tags;
  private final List<Event> events = new ArrayList<>(0);
  private String operation;
  private long epochOffset;
  private long endNanos;

  private Span(
      LoopContext loop,
      Trace trace,
      TraceContext context,
      boolean remoteParent,
      Kind kind,
      String operation,
      long startNanos) {
    this.loop = loop;
    this.trace = trace;
    this.context = context;
    this.remoteParent = remoteParent;
    this.kind = kind;
    this.operation = operation;
    this.startNanos = startNanos;
    this.tags = new ArrayList<>(trace.recorded() ? 24 : 0);
  }

  /**
   * A request's first span here.
   *
   * @param remoteParent whether the parent is a span of somebody else's
   */
  public static Span first(
      LoopContext loop,
      Trace trace,
      TraceContext context,
      boolean remoteParent,
      Tracer.Start start) {
    return new Span(
        loop, trace, context, remoteParent, start.kind(), start.operation(), start.nanos());
  }

  /** A span below this one: a try. */
  Span child(String name) {
    return new Span(
        loop, trace, context.child(loop), false, Kind.CLIENT, name, loop.ticker().nanos());
  }

  public LoopContext loop() {
    return loop;
  }

  public TraceContext context() {
    return context;
  }

  public boolean hasRemoteParent() {
    return remoteParent;
  }

  public Kind kind() {
    return kind;
  }

  public String operation() {
    return operation;
  }

  void operation(String name) {
    operation = name;
  }

  /** Whether somebody will read its tags. */
  public boolean isRecorded() {
    return trace.recorded();
  }

  /** What carries the context of its trace. */
  public Propagation propagation() {
    return trace.propagation();
  }

  /** In the order in which their keys came. */
  public List<Tag> tags() {
    return tags;
  }

  /** In the order in which they were told. */
  public List<Event> events() {
    return events;
  }

  /** The value of a tag; empty when there is none. */
  public String tag(String key) {
    for (Tag tag : tags) {
      if (tag.key().equals(key)) {
        return tag.value();
      }
    }
    return "";
  }

  /** Sets a tag; the last value of a key counts. */
  void tag(String key, String value) {
    for (int i = 0; i < tags.size(); i++) {
      if (tags.get(i).key().equals(key)) {
        tags.set(i, new Tag(key, value));
        return;
      }
    }
    tags.add(new Tag(key, value));
  }

  /** Adds a moment that has come; 0 is none. */
  void event(long nanos, String name) {
    if (nanos != 0) {
      events.add(new Event(epochNanos(nanos), name));
    }
  }

  void write(HeaderBlock headers) {
    trace.propagation().write(this, headers);
  }

  void end() {
    endNanos = loop.ticker().nanos();
    trace.sink().ended(this);
  }

  /** Wall clock, in nanoseconds since 1970. */
  public long startEpochNanos() {
    return epochNanos(startNanos);
  }

  public long durationNanos() {
    return endNanos - startNanos;
  }

  private long epochNanos(long nanos) {
    if (epochOffset == 0) {
      Ticker ticker = loop.ticker();
      Instant now = ticker.now();
      epochOffset = now.getEpochSecond() * 1_000_000_000L + now.getNano() - ticker.nanos();
    }
    return nanos + epochOffset;
  }
}
