package io.meltemi.proxy.rbac;

import io.meltemi.proxy.cel.CelExpression;
import io.meltemi.proxy.matcher.AddressIndex;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.IpNumber;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.matcher.MatchTrace;
import io.meltemi.proxy.matcher.MatchTree;
import io.meltemi.proxy.matcher.RuleCandidates;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a policy asks of a request: a tree of parts that hold or not. As parsed it says what was
 * written; as compiled (see {@link Compiler}) it answers the same with sets and indexes. Immutable.
 */
sealed interface Condition extends MatchTree.Test<AccessRequest> {
  @Override
  boolean holds(AccessRequest request, MatchTrace trace);

  /** Whether all hold. */
  record All(List<Condition> parts) implements Condition {
    public All {
      parts = List.copyOf(parts);
    }

    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      for (int i = 0; i < parts.size(); i++) {
        if (!parts.get(i).holds(request, trace)) {
          return false;
        }
      }
      return true;
    }
  }

  /** Whether any holds. */
  record Any(List<Condition> parts) implements Condition {
    public Any {
      parts = List.copyOf(parts);
    }

    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      for (int i = 0; i < parts.size(); i++) {
        if (parts.get(i).holds(request, trace)) {
          return true;
        }
      }
      return false;
    }
  }

  /** Whether any of many holds: only those are tried that the request can satisfy. */
  record AnyIndexed(ConditionIndex index, List<Condition> parts) implements Condition {
    public AnyIndexed {
      parts = List.copyOf(parts);
    }

    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      RuleCandidates candidates = RuleCandidates.borrow(parts.size());
      try {
        index.collect(request, candidates);
        for (int i = candidates.next(); i >= 0; i = candidates.next()) {
          if (parts.get(i).holds(request, trace)) {
            return true;
          }
        }
        return false;
      } finally {
        candidates.release();
      }
    }
  }

  record Not(Condition part) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      if (!trace.isRecording()) {
        return !part.holds(request, trace);
      }
      trace.enter("not", "");
      boolean held = part.holds(request, trace);
      trace.exit();
      return !held;
    }
  }

  record Constant(boolean value) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      return trace.isRecording() ? trace.result(value, "any", "") : value;
    }
  }

  /** Whether a text of the subject satisfies the test. */
  record Text(Subject subject, TextTest test) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      boolean held = subject.any(request, test);
      return trace.isRecording() ? trace.result(held, subject.toString(), test.toString()) : held;
    }
  }

  /** What is asked of a header other than one text. */
  record Header(HeaderMatcher matcher) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      return matcher.matches(request.headers(), trace);
    }
  }

  /** Whether the peer came over TLS. */
  record Authenticated() implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      boolean held = request.connection().isTls();
      return trace.isRecording() ? trace.result(held, "authenticated", "") : held;
    }
  }

  /** Which address of a connection. */
  enum Address {
    LOCAL("destination ip"),
    DIRECT_REMOTE("direct remote ip"),
    CONNECTION_REMOTE("source ip"),
    REMOTE("remote ip");

    private final String text;

    Address(String text) {
      this.text = text;
    }

    /** Null when it is not an IP address. */
    @Nullable IpNumber of(AccessRequest request) {
      return switch (this) {
        case LOCAL -> request.connection().local();
        case DIRECT_REMOTE -> request.connection().directRemote();
        case CONNECTION_REMOTE -> request.connection().remote();
        case REMOTE -> request.remote();
      };
    }

    @Override
    public String toString() {
      return text;
    }
  }

  record InRange(Address address, IpRange range) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      IpNumber number = address.of(request);
      boolean held = number != null && number.isIn(range);
      return trace.isRecording() ? trace.result(held, address.text, range.toString()) : held;
    }
  }

  /**
   * Whether the address is in any of many ranges.
   *
   * @param size how many
   */
  record InRanges(Address address, AddressIndex ranges, int size) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      IpNumber number = address.of(request);
      boolean held = number != null && ranges.holdsAny(number);
      return trace.isRecording()
          ? trace.result(held, address.text, "any of " + size + " ranges")
          : held;
    }
  }

  /** Whether the destination's port is in {@code [from, to)}. */
  record Port(int from, int to) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      int port = request.connection().localPort();
      boolean held = port >= from && port < to;
      return trace.isRecording()
          ? trace.result(held, "destination port " + port, "[" + from + ", " + to + ")")
          : held;
    }
  }

  /** Whether the destination's port is one of many. */
  record Ports(PortSet ports) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      int port = request.connection().localPort();
      boolean held = ports.contains(port);
      return trace.isRecording() ? trace.result(held, "destination port " + port, "set") : held;
    }
  }

  /** What is asked of metadata other than one text. */
  record Value(MetadataPath at, ValueTest test, boolean invert) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      boolean held = at.isKnown(request) && test.holds(at.value(request), request) != invert;
      return trace.isRecording()
          ? trace.result(held, at.toString(), (invert ? "not " : "") + test)
          : held;
    }
  }

  /** Whether an expression in CEL is true. */
  record Expression(CelExpression expression) implements Condition {
    @Override
    public boolean holds(AccessRequest request, MatchTrace trace) {
      boolean held = expression.holds(request.info());
      return trace.isRecording() ? trace.result(held, "condition", "true") : held;
    }
  }
}
