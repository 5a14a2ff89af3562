package io.meltemi.config.kind.gatewayapi;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/** What is done to a request, or to its response, on the way. */
public sealed interface HttpFilter {

  /** The value of {@code type}. */
  String type();

  /** Changes the request's headers. */
  record RequestHeaders(HeaderChanges changes) implements HttpFilter {
    @Override
    public String type() {
      return "RequestHeaderModifier";
    }
  }

  /** Changes the response's headers. */
  record ResponseHeaders(HeaderChanges changes) implements HttpFilter {
    @Override
    public String type() {
      return "ResponseHeaderModifier";
    }
  }

  /** Sends a copy elsewhere. */
  record Mirror(BackendRef target, Share share) implements HttpFilter {
    @Override
    public String type() {
      return "RequestMirror";
    }
  }

  /**
   * Answers with a redirect.
   *
   * @param statusCode 302 when not set
   */
  record Redirect(
      Optional<String> scheme,
      Optional<String> hostname,
      Optional<PathChange> path,
      OptionalInt port,
      OptionalInt statusCode)
      implements HttpFilter {
    @Override
    public String type() {
      return "RequestRedirect";
    }
  }

  /** Changes host and path. */
  record Rewrite(Optional<String> hostname, Optional<PathChange> path) implements HttpFilter {
    @Override
    public String type() {
      return "URLRewrite";
    }
  }

  /**
   * Cross-origin rules.
   *
   * @param maxAgeSeconds 5 when not set
   */
  record Cors(
      List<String> allowOrigins,
      boolean allowCredentials,
      List<String> allowMethods,
      List<String> allowHeaders,
      List<String> exposeHeaders,
      OptionalInt maxAgeSeconds)
      implements HttpFilter {
    public Cors {
      allowOrigins = List.copyOf(allowOrigins);
      allowMethods = List.copyOf(allowMethods);
      allowHeaders = List.copyOf(allowHeaders);
      exposeHeaders = List.copyOf(exposeHeaders);
    }

    @Override
    public String type() {
      return "CORS";
    }
  }

  /** Asks another service first. */
  record ExternalAuth(BackendRef target) implements HttpFilter {
    @Override
    public String type() {
      return "ExternalAuth";
    }
  }

  /** A filter of somebody else's. */
  record Extension(ObjectRef ref) implements HttpFilter {
    @Override
    public String type() {
      return "ExtensionRef";
    }
  }

  /** A filter that could not be read; there is an error then. */
  record Unreadable(String type) implements HttpFilter {}

  /** Header changes; later entries of an equal name are dropped, names are in lower case. */
  record HeaderChanges(Map<String, String> set, Map<String, String> add, List<String> remove) {
    public HeaderChanges {
      remove = List.copyOf(remove);
    }
  }

  /** A part of all requests. */
  record Share(int numerator, int denominator) {
    public static final Share ALL = new Share(100, 100);

    public double percent() {
      return 100.0 * numerator / denominator;
    }
  }

  /** How a path is changed. */
  sealed interface PathChange {
    /** The whole path. */
    record Full(String value) implements PathChange {}

    /** The matched prefix. */
    record Prefix(String value) implements PathChange {}
  }
}
