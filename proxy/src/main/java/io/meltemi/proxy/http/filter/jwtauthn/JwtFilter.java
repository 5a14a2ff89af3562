package io.meltemi.proxy.http.filter.jwtauthn;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.http.LocalReply;
import io.meltemi.proxy.http.OriginalUri;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.Requirement;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.TokenProvider;
import io.meltemi.proxy.route.RequestView;
import io.meltemi.proxy.telemetry.Counter;
import io.meltemi.proxy.upstream.UpstreamCall;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Holds a request until its tokens are verified; answers it when they are not good. */
final class JwtFilter implements HttpFilter, RequestView {
  private static final HeaderName ORIGIN = HeaderName.of("origin");
  private static final HeaderName REQUEST_METHOD = HeaderName.of("access-control-request-method");
  private static final HeaderName AUTHENTICATE = HeaderName.of("www-authenticate");

  private final JwtConfig config;
  private final HttpFilterContext context;
  private final Counter allowed;
  private final Counter denied;
  private final Counter bypassed;
  private @Nullable UpstreamCall call;
  private String uri = "";
  private boolean deciding;
  private boolean decided;
  private boolean replied;

  JwtFilter(JwtConfig config, HttpFilterContext context) {
    this.config = config;
    this.context = context;
    String prefix = "jwt_authn." + config.options().statPrefix();
    this.allowed = context.stats().counter(prefix + "allowed");
    this.denied = context.stats().counter(prefix + "denied");
    this.bypassed = context.stats().counter(prefix + "cors_preflight_bypassed");
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    if (config.options().bypassesPreflights() && isPreflight(headers)) {
      bypassed.inc();
      return FilterStatus.CONTINUE;
    }
    Optional<Requirement> asked;
    switch (context.routeConfig()) {
      case JwtConfig.OfRoute.Disabled _ -> asked = Optional.empty();
      case JwtConfig.OfRoute.Named(String name) -> {
        Requirement named = config.byName().get(name);
        if (named == null) {
          wrongName(name);
          return FilterStatus.PAUSE;
        }
        asked = Optional.of(named);
      }
      case null, default -> asked = byRules();
    }
    if (asked.isEmpty()) {
      allowed.inc();
      return FilterStatus.CONTINUE;
    }
    uri = OriginalUri.of(headers);
    deciding = true;
    new Verification(this, headers, asked.get()).run();
    deciding = false;
    return decided && !replied ? FilterStatus.CONTINUE : FilterStatus.PAUSE;
  }

  private Optional<Requirement> byRules() {
    for (int i = 0; i < config.rules().size(); i++) {
      if (config.rules().get(i).match().matches(this)) {
        return config.rules().get(i).requirement();
      }
    }
    return Optional.empty();
  }

  private static boolean isPreflight(HeaderBlock headers) {
    return "OPTIONS".equals(headers.get(HeaderName.METHOD))
        && hasValue(headers, ORIGIN)
        && hasValue(headers, REQUEST_METHOD);
  }

  private static boolean hasValue(HeaderBlock headers, HeaderName name) {
    int index = headers.find(name);
    return index >= 0 && headers.valueLength(index) > 0;
  }

  private void wrongName(String name) {
    denied.inc();
    String error =
        "Wrong requirement_name: "
            + name
            + ". It should be one of ["
            + String.join(",", new TreeSet<>(config.byName().keySet()))
            + "]";
    context.sendLocalReply(403, "Failed JWT authentication: " + error, null, details(error));
  }

  /** Blanks would break a log line into other pieces. */
  private static String details(String text) {
    return "jwt_authn_access_denied{" + text.replace(' ', '_') + "}";
  }

  /** The tokens are judged. */
  void onDecided(JwtStatus status) {
    decided = true;
    call = null;
    if (status != JwtStatus.OK) {
      denied.inc();
      replied = true;
      boolean strips = config.options().stripsFailures();
      String challenge =
          strips
              ? "Bearer"
              : "Bearer realm=\""
                  + uri
                  + "\""
                  + (status == JwtStatus.MISSED ? "" : ", error=\"invalid_token\"");
      context.sendLocalReply(
          new LocalReply(
              status == JwtStatus.AUDIENCE ? 403 : 401,
              strips ? new byte[0] : status.text().getBytes(StandardCharsets.US_ASCII),
              null,
              details(status.text()),
              response -> response.set(AUTHENTICATE, challenge)));
      return;
    }
    allowed.inc();
    if (!deciding) {
      context.continueDecoding();
    }
  }

  /** Fetches keys; the verification goes on when they are there. */
  void fetch(TokenProvider provider, KeySource.Remote keys, Verification waiting) {
    boolean[] told = {false};
    UpstreamCall begun =
        keys.fetch(
            context.loop(),
            context.stats(),
            fetched -> {
              told[0] = true;
              call = null;
              waiting.onKeys(provider, fetched);
            });
    if (!told[0]) {
      call = begun;
    }
  }

  HttpFilterContext context() {
    return context;
  }

  @Override
  public void onStreamEnd() {
    UpstreamCall open = call;
    if (open != null) {
      open.cancel();
    }
    call = null;
    uri = "";
    decided = false;
    replied = false;
  }

  @Override
  public HeaderBlock headers() {
    return context.requestHeaders();
  }

  @Override
  public boolean isTls() {
    return "https".equals(context.requestHeaders().get(HeaderName.SCHEME));
  }

  @Override
  public boolean isInternal() {
    return context.isInternal();
  }

  @Override
  public long random() {
    return context.streamRandom();
  }
}
