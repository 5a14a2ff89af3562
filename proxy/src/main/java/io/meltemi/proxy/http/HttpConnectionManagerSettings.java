package io.meltemi.proxy.http;

import io.meltemi.proxy.codec.HeadLimits;
import io.meltemi.proxy.codec.Http2Settings;
import io.meltemi.proxy.codec.NameFormat;
import io.meltemi.proxy.matcher.IpRange;
import io.meltemi.proxy.route.HeaderMutations;
import io.meltemi.proxy.tracing.RequestIdRules;
import java.util.List;
import java.util.Map;

/**
 * What an {@code HttpConnectionManager} message says apart from routes, filters and logs.
 *
 * @param statPrefix of {@code http.<prefix>.}
 * @param certificate what is told of the client's certificate
 * @param upgrades upgrade type in lower case to whether it is let through where a route does not
 *     say
 * @param early changes to requests before anything else looks at them
 */
record HttpConnectionManagerSettings(
    String statPrefix,
    ClientAddress clientAddress,
    ForwardedCertificate certificate,
    RequestIds requestIds,
    Answers answers,
    Paths paths,
    Scheme scheme,
    Times times,
    Protocol protocol,
    Codec codec,
    Map<String, Boolean> upgrades,
    HeaderMutations early) {

  public HttpConnectionManagerSettings {
    upgrades = Map.copyOf(upgrades);
  }

  /**
   * Whom to believe about the client.
   *
   * @param useRemoteAddress whether this is the edge: the peer is the client
   * @param trustedHops proxies in front of this one whose {@code x-forwarded-for} is believed
   * @param skipAppend whether {@code x-forwarded-for} is left as it is
   * @param internalRanges addresses of clients that count as internal
   */
  public record ClientAddress(
      boolean useRemoteAddress,
      int trustedHops,
      boolean skipAppend,
      boolean appendPort,
      List<IpRange> internalRanges) {
    public ClientAddress {
      internalRanges = List.copyOf(internalRanges);
    }
  }

  /**
   * @param preserveExternal whether an edge request keeps an id it came with
   * @param rules what ids say of tracing
   */
  public record RequestIds(
      boolean generate, boolean preserveExternal, boolean alwaysInResponse, RequestIdRules rules) {}

  /** What becomes of the {@code server} header. */
  public enum ServerHeader {
    OVERWRITE,
    APPEND_IF_ABSENT,
    PASS_THROUGH
  }

  /**
   * @param via appended to {@code via} in both directions; empty for none
   */
  public record Answers(String serverName, ServerHeader serverHeader, String via) {}

  /** What becomes of {@code %2F}, {@code %5C} in a path. */
  public enum EscapedSlashes {
    KEEP,
    REJECT,
    UNESCAPE_AND_REDIRECT,
    UNESCAPE_AND_FORWARD
  }

  /** What becomes of names with underscores. */
  public enum Underscores {
    ALLOW,
    REJECT,
    DROP
  }

  /**
   * How paths and authorities are made comparable before routing.
   *
   * @param stripPort which ports leave the authority
   */
  public record Paths(
      boolean normalize,
      boolean mergeSlashes,
      EscapedSlashes escapedSlashes,
      StripPort stripPort,
      boolean stripTrailingHostDot) {}

  /**
   * What becomes of a request's scheme.
   *
   * @param fixed in place of the client's; empty for the client's
   * @param ofUpstream whether the upstream is told how it is spoken with
   */
  public record Scheme(String fixed, boolean ofUpstream) {
    public static final Scheme DEFAULT = new Scheme("", false);
  }

  /** Which ports leave the authority. */
  public enum StripPort {
    NONE,
    MATCHING,
    ANY
  }

  /**
   * In nanoseconds; 0 for no limit.
   *
   * @param connectionIdleNanos without a stream
   * @param streamIdleNanos of a stream without a byte
   * @param requestNanos until the request is complete
   * @param requestHeadersNanos until the head is complete
   * @param drainNanos between the notice and the end of a draining connection
   */
  public record Times(
      long connectionIdleNanos,
      long connectionNanosMax,
      long streamIdleNanos,
      long streamNanosMax,
      long requestNanos,
      long requestHeadersNanos,
      long drainNanos,
      long delayedCloseNanos) {
    /** Envoy's defaults: an hour idle, five minutes per stream. */
    public static final Times DEFAULT =
        new Times(3_600_000_000_000L, 0, 300_000_000_000L, 0, 0, 0, 5_000_000_000L, 1_000_000_000L);
  }

  /**
   * @param requestsPerConnectionMax 0 for no limit
   * @param safeDurationMax whether a connection of HTTP/1.1 that has lived long enough ends only
   *     behind a response that says so
   * @param defaultHost authority of an HTTP/1.0 request without one; empty refuses it
   * @param names of the fields of HTTP/1
   */
  public record Protocol(
      HeadLimits head,
      Underscores underscores,
      int requestsPerConnectionMax,
      boolean safeDurationMax,
      boolean acceptHttp10,
      String defaultHost,
      NameFormat names) {
    public static final Protocol DEFAULT =
        new Protocol(
            HeadLimits.DEFAULT, Underscores.ALLOW, 0, false, false, "", NameFormat.LOWER_CASE);
  }

  /** Which HTTP versions a connection may speak. */
  public enum CodecType {
    /** What ALPN says; without TLS, what the first bytes look like. */
    AUTO,
    HTTP1,
    HTTP2
  }

  /** How connections are spoken with. */
  public record Codec(CodecType type, Http2Settings http2) {
    public static final Codec DEFAULT = new Codec(CodecType.AUTO, Http2Settings.DEFAULT);
  }

  /** Envoy's defaults. */
  public static HttpConnectionManagerSettings defaults(String statPrefix) {
    return new HttpConnectionManagerSettings(
        statPrefix,
        new ClientAddress(false, 0, false, false, List.of()),
        ForwardedCertificate.SANITIZE,
        new RequestIds(true, false, false, RequestIdRules.DEFAULT),
        new Answers("envoy", ServerHeader.OVERWRITE, ""),
        new Paths(false, false, EscapedSlashes.KEEP, StripPort.NONE, false),
        Scheme.DEFAULT,
        Times.DEFAULT,
        Protocol.DEFAULT,
        Codec.DEFAULT,
        Map.of(),
        HeaderMutations.NONE);
  }
}
