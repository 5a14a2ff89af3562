package io.meltemi.proxy.parse;

import com.google.protobuf.Any;
import com.google.protobuf.Duration;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The place in a configuration document that is being parsed, and where its violations go. Cheap to
 * make: the path is put together only when there is something to complain about. Not thread-safe,
 * as the collector is not.
 */
public final class ParseScope {
  /** Seconds that a duration may last at most, so that its nanoseconds fit a long. */
  private static final long DURATION_SECONDS_MAX = Long.MAX_VALUE / 1_000_000_000L - 1;

  /** Index of a place that is no element of a repeated field. */
  private static final int NO_INDEX = -1;

  private final Origin origin;
  private final Validation.Collector out;
  private final @Nullable ParseScope parent;
  private final String name;
  private final int index;

  /**
   * @param origin what the document is, such as a bootstrap file or an xDS resource
   * @param path field path from the document's root; empty at the root
   * @param out takes all errors and warnings
   */
  public ParseScope(Origin origin, String path, Validation.Collector out) {
    this.origin = origin;
    this.out = out;
    this.parent = null;
    this.name = path;
    this.index = NO_INDEX;
  }

  private ParseScope(ParseScope parent, String name, int index) {
    this.origin = parent.origin;
    this.out = parent.out;
    this.parent = parent;
    this.name = name;
    this.index = index;
  }

  public static ParseScope root(Origin origin) {
    return new ParseScope(origin, "", new Validation.Collector());
  }

  public Origin origin() {
    return origin;
  }

  public Validation.Collector out() {
    return out;
  }

  /** Field path from the document's root; empty at the root. */
  public String path() {
    if (parent == null) {
      return name;
    }
    String before = parent.path();
    String own = index == NO_INDEX ? name : name + "[" + index + "]";
    return before.isEmpty() ? own : before + "." + own;
  }

  /** A field of the message at this place. */
  public ParseScope field(String field) {
    return new ParseScope(this, field, NO_INDEX);
  }

  /** An element of a repeated field of the message at this place, counted from 0. */
  public ParseScope field(String field, int element) {
    return new ParseScope(this, field, element);
  }

  /** The value of a key in a map field of the message at this place. */
  public ParseScope field(String field, String key) {
    return field(field + "[" + key + "]");
  }

  public void error(String found, String expected) {
    out.error(origin, path(), found, expected);
  }

  public void warn(String found, String expected) {
    out.warn(origin, path(), found, expected);
  }

  /** Reports a set field, extension or value that this proxy does not have. */
  public void unsupported(String found) {
    error(found, "nothing: this proxy does not support it yet");
  }

  /**
   * The message inside an Any; empty, with an error at this place, when the Any is of another type
   * or its bytes are not a message.
   */
  public <M extends Message> Optional<M> unpack(Any any, Class<M> type) {
    try {
      return Optional.of(MessageTypes.unpack(any, type));
    } catch (InvalidProtocolBufferException e) {
      error(any.getTypeUrl(), "a well-formed " + type.getSimpleName() + ": " + e.getMessage());
      return Optional.empty();
    }
  }

  /** As {@link #unpack(Any, Class)}, with an error for each field that its parser does not have. */
  public <M extends Message> Optional<M> unpack(Any any, Class<M> type, SupportedFields fields) {
    Optional<M> message = unpack(any, type);
    if (message.isPresent()) {
      fields.check(message.get(), this);
    }
    return message;
  }

  /** A duration in nanoseconds; an error here and 0 when negative or malformed. */
  public long durationNanos(Duration duration) {
    if (duration.getSeconds() < 0
        || duration.getSeconds() > DURATION_SECONDS_MAX
        || duration.getNanos() < 0
        || duration.getNanos() > 999_999_999) {
      error(
          duration.getSeconds() + "s " + duration.getNanos() + "ns",
          "a duration of 0 or more with nanos below 1s");
      return 0;
    }
    return duration.getSeconds() * 1_000_000_000L + duration.getNanos();
  }

  /** As {@link #durationNanos(Duration)}, or what stands for a duration that is not there. */
  public long durationNanos(boolean present, Duration duration, long missing) {
    return present ? durationNanos(duration) : missing;
  }
}
