package io.meltemi.config.kind.virtualservice;

import io.meltemi.config.traffic.Destination;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** What an HTTP route does with a request. */
public sealed interface HttpAction {

  /**
   * Sends it on.
   *
   * @param destinations at least one
   */
  record Forward(List<WeightedDestination> destinations) implements HttpAction {
    public Forward {
      destinations = List.copyOf(destinations);
    }
  }

  /**
   * A destination and its share.
   *
   * @param weight relative to the sum of all; without meaning when there is only one
   */
  record WeightedDestination(Destination destination, int weight, HeaderOperations headers) {}

  /**
   * Answers with a redirect.
   *
   * @param authority empty keeps the request's
   * @param scheme empty keeps the request's
   * @param code 3xx; 301 when not set
   */
  record Redirect(RedirectPath path, String authority, RedirectPort port, String scheme, int code)
      implements HttpAction {}

  /** How a redirect changes the path. */
  sealed interface RedirectPath {
    record Keep() implements RedirectPath {}

    /** The whole path and query. */
    record Replace(String uri) implements RedirectPath {}

    /** The part that the match's prefix covered. */
    record ReplacePrefix(String prefix) implements RedirectPath {}
  }

  /** How a redirect chooses the port. */
  sealed interface RedirectPort {
    /** Left to the proxy: nothing was set. */
    record Keep() implements RedirectPort {}

    record Explicit(int port) implements RedirectPort {}

    /** 80 for http, 443 for https. */
    record FromProtocolDefault() implements RedirectPort {}

    record FromRequestPort() implements RedirectPort {}
  }

  /**
   * Answers by itself.
   *
   * @param status 200 to 599
   */
  record DirectResponse(int status, Body body) implements HttpAction {}

  /** What a direct response says. */
  sealed interface Body {
    record Empty() implements Body {}

    record Text(String value) implements Body {}

    /** Bytes; the array is not copied and must not be changed. */
    @SuppressWarnings("ArrayRecordComponent") // equals and hashCode are written out below
    record Bytes(byte[] value) implements Body {
      @Override
      public boolean equals(Object other) {
        return other instanceof Bytes(byte[] bytes) && Arrays.equals(value, bytes);
      }

      @Override
      public int hashCode() {
        return Arrays.hashCode(value);
      }
    }
  }

  /**
   * Leaves the choice to another virtual service.
   *
   * @param name of the delegate
   * @param namespace empty means that of the virtual service itself
   * @param inherited a direct response that delegate routes without an action take over
   */
  record Delegate(String name, String namespace, Optional<DirectResponse> inherited)
      implements HttpAction {}

  /** The redirect's explicit port number, when there is one. */
  static OptionalInt explicitPort(Redirect redirect) {
    return redirect.port() instanceof RedirectPort.Explicit(int port)
        ? OptionalInt.of(port)
        : OptionalInt.empty();
  }
}
