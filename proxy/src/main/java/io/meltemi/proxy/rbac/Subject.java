package io.meltemi.proxy.rbac;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.matcher.IpNumber;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A property of a request that has texts: none, one or several. Compared by value. */
sealed interface Subject {
  /** Whether the test holds for any of the texts. */
  boolean any(AccessRequest request, TextTest test);

  /** The first text; null when there is none. Allocates. */
  default @Nullable String text(AccessRequest request) {
    String[] found = new String[1];
    any(
        request,
        (array, start, length) -> {
          found[0] = new String(array, start, length, StandardCharsets.ISO_8859_1);
          return true;
        });
    return found[0];
  }

  /** An address as text. */
  record AddressText(Condition.Address address) implements Subject {
    @Override
    public boolean any(AccessRequest request, TextTest test) {
      IpNumber number = address.of(request);
      return number != null && request.test(number.text(), test);
    }

    @Override
    public String toString() {
      return address.toString();
    }
  }

  /** The destination's port as text. */
  record LocalPort() implements Subject {
    @Override
    public boolean any(AccessRequest request, TextTest test) {
      int port = request.connection().localPort();
      return port >= 0 && request.test(Integer.toString(port), test);
    }

    @Override
    public String toString() {
      return "destination port";
    }
  }

  /** Names of the authenticated peer. */
  record Principal() implements Subject {
    @Override
    public boolean any(AccessRequest request, TextTest test) {
      for (byte[] name : request.connection().principals()) {
        if (test.test(name, 0, name.length)) {
          return true;
        }
      }
      return false;
    }

    @Override
    public String toString() {
      return "principal";
    }
  }

  /** The path without query and fragment. */
  record Path() implements Subject {
    @Override
    public boolean any(AccessRequest request, TextTest test) {
      return request.pathLength() >= 0
          && test.test(request.headers().array(), request.pathStart(), request.pathLength());
    }

    @Override
    public String toString() {
      return "path";
    }
  }

  /** The name of the TLS client hello; empty for none. */
  record ServerName() implements Subject {
    @Override
    public boolean any(AccessRequest request, TextTest test) {
      byte[] name = request.connection().serverName();
      return test.test(name, 0, name.length);
    }

    @Override
    public String toString() {
      return "server name";
    }
  }

  /** What a filter left under a key. */
  record FilterState(String key) implements Subject {
    @Override
    public boolean any(AccessRequest request, TextTest test) {
      byte[] text = request.filterState(key);
      return text != null && test.test(text, 0, text.length);
    }

    @Override
    public String toString() {
      return "filter state " + key;
    }
  }

  /**
   * A header; several values count as one text, joined by commas.
   *
   * @param missingIsEmpty whether an absent header has an empty text
   */
  record Header(HeaderName name, boolean missingIsEmpty) implements Subject {
    private static final byte[] EMPTY = {};

    @Override
    public boolean any(AccessRequest request, TextTest test) {
      HeaderBlock headers = request.headers();
      int index = headers.find(name);
      if (index < 0) {
        return missingIsEmpty && test.test(EMPTY, 0, 0);
      }
      if (headers.findNext(name, index) < 0) {
        return test.test(headers.array(), headers.valueStart(index), headers.valueLength(index));
      }
      byte[] joined = HeaderMatcher.joined(headers, name).getBytes(StandardCharsets.ISO_8859_1);
      return test.test(joined, 0, joined.length);
    }

    @Override
    public String toString() {
      return "header " + name;
    }
  }

  /**
   * A text in metadata.
   *
   * @param texts whether the value itself counts
   * @param lists whether the elements of a list count
   */
  record MetadataText(MetadataPath at, boolean texts, boolean lists) implements Subject {
    @Override
    public boolean any(AccessRequest request, TextTest test) {
      @Nullable Object value = at.value(request);
      if (value instanceof String text) {
        return texts && request.test(text, test);
      }
      if (lists && value instanceof List<?> list) {
        for (int i = 0; i < list.size(); i++) {
          if (list.get(i) instanceof String text && request.test(text, test)) {
            return true;
          }
        }
      }
      return false;
    }

    @Override
    public String toString() {
      return at.toString();
    }
  }
}
