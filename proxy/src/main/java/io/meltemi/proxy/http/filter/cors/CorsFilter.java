package io.meltemi.proxy.http.filter.cors;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.route.Route;
import io.meltemi.proxy.route.RouteAction;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.telemetry.StatScope;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;

/** Applies the route's policy to requests that name their origin. */
final class CorsFilter implements HttpFilter {
  private static final HeaderName ORIGIN = HeaderName.of("origin");
  private static final HeaderName REQUEST_METHOD = HeaderName.of("access-control-request-method");
  private static final HeaderName REQUEST_HEADERS = HeaderName.of("access-control-request-headers");
  private static final HeaderName REQUEST_PRIVATE_NETWORK =
      HeaderName.of("access-control-request-private-network");
  private static final HeaderName ALLOW_ORIGIN = HeaderName.of("access-control-allow-origin");
  private static final HeaderName ALLOW_METHODS = HeaderName.of("access-control-allow-methods");
  private static final HeaderName ALLOW_HEADERS = HeaderName.of("access-control-allow-headers");
  private static final HeaderName ALLOW_CREDENTIALS =
      HeaderName.of("access-control-allow-credentials");
  private static final HeaderName ALLOW_PRIVATE_NETWORK =
      HeaderName.of("access-control-allow-private-network");
  private static final HeaderName EXPOSE_HEADERS = HeaderName.of("access-control-expose-headers");
  private static final HeaderName MAX_AGE = HeaderName.of("access-control-max-age");
  private static final byte[] OPTIONS = "OPTIONS".getBytes(StandardCharsets.US_ASCII);
  private static final byte[] TRUE = "true".getBytes(StandardCharsets.US_ASCII);

  private final HttpFilterContext context;
  private final Counter originValid;
  private final Counter originInvalid;
  private @Nullable CorsPolicy policy;
  private @Nullable String allowedOrigin;

  CorsFilter(HttpFilterContext context) {
    this.context = context;
    StatScope stats = context.stats();
    this.originValid = stats.counter("cors.origin_valid");
    this.originInvalid = stats.counter("cors.origin_invalid");
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    String origin = headers.get(ORIGIN);
    if (origin == null
        || origin.isEmpty()
        || !(context.routeConfig() instanceof CorsPolicy ofRoute)
        || !isForwarded(context.route())) {
      return FilterStatus.CONTINUE;
    }
    long random = context.streamRandom();
    boolean enabled = ofRoute.switches().enabled().includes(random);
    if (!enabled && !ofRoute.switches().shadow().includes(random)) {
      return FilterStatus.CONTINUE;
    }
    boolean allowed = ofRoute.allows(origin);
    (allowed ? originValid : originInvalid).inc();
    if (!enabled) {
      return FilterStatus.CONTINUE;
    }
    if (allowed) {
      policy = ofRoute;
      allowedOrigin = origin;
    }
    if (!isPreflight(headers) || (!allowed && ofRoute.switches().forwardNotMatching())) {
      return FilterStatus.CONTINUE;
    }
    boolean privateNetwork =
        ofRoute.answers().allowPrivateNetwork() && isTrue(headers, REQUEST_PRIVATE_NETWORK);
    String wantedMethod = headers.get(REQUEST_METHOD);
    String wantedHeaders = headers.get(REQUEST_HEADERS);
    context.sendLocalReply(
        new LocalReply(
            200,
            new byte[0],
            null,
            "cors_response",
            response -> {
              if (allowed) {
                CorsPolicy.Answers answers = ofRoute.answers();
                permit(response, ALLOW_METHODS, answers.allowMethods(), wantedMethod);
                permit(response, ALLOW_HEADERS, answers.allowHeaders(), wantedHeaders);
                setUnlessEmpty(response, MAX_AGE, answers.maxAge());
                if (privateNetwork) {
                  response.set(ALLOW_PRIVATE_NETWORK, TRUE);
                }
              }
            }));
    return FilterStatus.PAUSE;
  }

  /** As in Envoy, redirects and direct responses have no policy. */
  private static boolean isForwarded(@Nullable Route route) {
    return route != null && route.action() instanceof RouteAction.Forward;
  }

  private static boolean isPreflight(HeaderBlock headers) {
    int method = headers.find(HeaderName.METHOD);
    int wanted = headers.find(REQUEST_METHOD);
    return method >= 0
        && headers.valueEquals(method, OPTIONS)
        && wanted >= 0
        && headers.valueLength(wanted) > 0;
  }

  private static boolean isTrue(HeaderBlock headers, HeaderName name) {
    int index = headers.find(name);
    return index >= 0 && headers.valueEquals(index, TRUE);
  }

  /** As in Envoy, an asterisk becomes what was asked for, and nothing when nothing was. */
  private static void permit(
      HeaderBlock response, HeaderName name, String answer, @Nullable String wanted) {
    if (answer.equals("*")) {
      response.set(name, wanted == null ? "" : wanted);
    } else {
      setUnlessEmpty(response, name, answer);
    }
  }

  private static void setUnlessEmpty(HeaderBlock headers, HeaderName name, String value) {
    if (!value.isEmpty()) {
      headers.set(name, value);
    }
  }

  @Override
  public FilterStatus encodeHeaders(HeaderBlock headers, boolean endStream) {
    CorsPolicy inForce = policy;
    String origin = allowedOrigin;
    if (inForce == null || origin == null) {
      return FilterStatus.CONTINUE;
    }
    headers.set(ALLOW_ORIGIN, origin);
    if (inForce.answers().allowCredentials()) {
      headers.set(ALLOW_CREDENTIALS, TRUE);
    }
    setUnlessEmpty(headers, EXPOSE_HEADERS, inForce.answers().exposeHeaders());
    return FilterStatus.CONTINUE;
  }

  @Override
  public void onStreamEnd() {
    policy = null;
    allowedOrigin = null;
  }
}
