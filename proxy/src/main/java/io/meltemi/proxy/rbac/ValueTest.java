package io.meltemi.proxy.rbac;

import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A question about a value of metadata (Envoy's {@code ValueMatcher}). */
sealed interface ValueTest {
  /**
   * @param value null when there is none
   */
  boolean holds(@Nullable Object value, AccessRequest request);

  record Null() implements ValueTest {
    @Override
    public boolean holds(@Nullable Object value, AccessRequest request) {
      return value instanceof Optional<?>;
    }
  }

  /** In {@code [start, end)}. */
  record NumberRange(double start, double end) implements ValueTest {
    @Override
    public boolean holds(@Nullable Object value, AccessRequest request) {
      return value instanceof Double number && number >= start && number < end;
    }
  }

  record ExactNumber(double expected) implements ValueTest {
    @Override
    public boolean holds(@Nullable Object value, AccessRequest request) {
      return value instanceof Double number && number == expected;
    }
  }

  record Text(TextTest test) implements ValueTest {
    @Override
    public boolean holds(@Nullable Object value, AccessRequest request) {
      return value instanceof String text && request.test(text, test);
    }
  }

  record Bool(boolean expected) implements ValueTest {
    @Override
    public boolean holds(@Nullable Object value, AccessRequest request) {
      return value instanceof Boolean bool && bool == expected;
    }
  }

  /** Whether there is a value at all; {@code expected} false never holds, as in Envoy. */
  record Present(boolean expected) implements ValueTest {
    @Override
    public boolean holds(@Nullable Object value, AccessRequest request) {
      return expected && value != null;
    }
  }

  /** A list one of whose elements satisfies the test. */
  record AnyElement(ValueTest element) implements ValueTest {
    @Override
    public boolean holds(@Nullable Object value, AccessRequest request) {
      if (value instanceof List<?> list) {
        for (int i = 0; i < list.size(); i++) {
          if (element.holds(list.get(i), request)) {
            return true;
          }
        }
      }
      return false;
    }
  }

  record Any(List<ValueTest> tests) implements ValueTest {
    public Any {
      tests = List.copyOf(tests);
    }

    @Override
    public boolean holds(@Nullable Object value, AccessRequest request) {
      for (int i = 0; i < tests.size(); i++) {
        if (tests.get(i).holds(value, request)) {
          return true;
        }
      }
      return false;
    }
  }
}
