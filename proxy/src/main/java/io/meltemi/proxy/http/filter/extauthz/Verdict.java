package io.meltemi.proxy.http.filter.extauthz;

import com.google.protobuf.ByteString;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * What a service says of a request.
 *
 * @param metadata for later filters and the access log; empty for none
 */
record Verdict(Outcome outcome, Map<String, Object> metadata) {
  /** There is no answer, or one that says nothing. */
  static final Verdict ERROR = new Verdict(new Outcome.Failed(), Map.of());

  /** The request goes on, is answered, or could not be judged. */
  sealed interface Outcome {
    /**
     * @param queryRemovals names of parameters
     */
    record Allowed(
        List<Change> request,
        List<String> removals,
        List<Change> response,
        List<Parameter> query,
        List<String> queryRemovals)
        implements Outcome {}

    /** The answer to the client. */
    record Denied(int status, ByteString body, List<Change> headers) implements Outcome {}

    /** Neither. */
    record Failed() implements Outcome {}
  }

  /** A parameter of the query, as it is written there. */
  record Parameter(String name, String value) {}

  /** What is done to a header. */
  enum Action {
    ADD,
    ADD_IF_ABSENT,
    SET,
    SET_IF_PRESENT,
    /** Behind a comma in the header that is there; nothing where there is none. */
    JOIN
  }

  /** A header as the service wrote it, which need not be a proper one. */
  record Change(String name, String value, Action action) {
    boolean isValid() {
      return HeaderName.isValid(name)
          && value.chars().noneMatch(c -> c == '\r' || c == '\n' || c == 0);
    }

    void apply(HeaderBlock headers) {
      HeaderName header = HeaderName.of(name);
      switch (action) {
        case ADD -> headers.add(header, value);
        case SET -> headers.set(header, value);
        case ADD_IF_ABSENT -> {
          if (!headers.contains(header)) {
            headers.add(header, value);
          }
        }
        case SET_IF_PRESENT -> {
          if (headers.contains(header)) {
            headers.set(header, value);
          }
        }
        case JOIN -> {
          if (headers.contains(header)) {
            byte[] bytes = value.getBytes(StandardCharsets.ISO_8859_1);
            headers.append(header, bytes, 0, bytes.length);
          }
        }
      }
    }
  }
}
