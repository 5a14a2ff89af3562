package io.meltemi.proxy.http.filter.csrf;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.FilterStatus;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.matcher.Fraction;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.telemetry.Counter;
import java.util.List;
import java.util.Set;

/** Compares where a request comes from with where it goes. */
final class CsrfFilter implements HttpFilter {
  private static final HeaderName ORIGIN = HeaderName.of("origin");
  private static final HeaderName REFERER = HeaderName.of("referer");
  private static final Set<String> CHANGING = Set.of("POST", "PUT", "DELETE", "PATCH");

  /**
   * Of a chain or of a route.
   *
   * @param enabled which requests are refused
   * @param shadow which requests are counted without
   * @param origins other sites that may send requests, as {@code host:port}
   */
  record Policy(Fraction enabled, Fraction shadow, List<StringMatcher> origins)
      implements HttpFilterConfig, RouteFilterConfig {
    Policy {
      origins = List.copyOf(origins);
    }

    @Override
    public HttpFilter newFilter(HttpFilterContext context) {
      return new CsrfFilter(this, context);
    }
  }

  private final Policy policy;
  private final HttpFilterContext context;
  private final Counter missing;
  private final Counter invalid;
  private final Counter valid;

  private CsrfFilter(Policy policy, HttpFilterContext context) {
    this.policy = policy;
    this.context = context;
    this.missing = context.stats().counter("csrf.missing_source_origin");
    this.invalid = context.stats().counter("csrf.request_invalid");
    this.valid = context.stats().counter("csrf.request_valid");
  }

  @Override
  public FilterStatus decodeHeaders(HeaderBlock headers, boolean endStream) {
    Policy here = context.routeConfig() instanceof Policy ofRoute ? ofRoute : policy;
    boolean enforced = here.enabled().includes(context.loop().random());
    if (!enforced && !here.shadow().includes(context.loop().random())) {
      return FilterStatus.CONTINUE;
    }
    String method = headers.get(HeaderName.METHOD);
    if (method == null || !CHANGING.contains(method)) {
      return FilterStatus.CONTINUE;
    }
    String source = hostAndPort(headers.get(ORIGIN));
    if (source.isEmpty()) {
      source = hostAndPort(headers.get(REFERER));
    }
    if (source.isEmpty()) {
      missing.inc();
    } else if (isAllowed(source, here)) {
      valid.inc();
      return FilterStatus.CONTINUE;
    } else {
      invalid.inc();
    }
    if (!enforced) {
      return FilterStatus.CONTINUE;
    }
    context.sendLocalReply(403, "Invalid origin", null, "csrf_origin_mismatch");
    return FilterStatus.PAUSE;
  }

  private boolean isAllowed(String source, Policy here) {
    if (source.equals(hostAndPort(context.requestHeaders().get(HeaderName.AUTHORITY)))) {
      return true;
    }
    for (StringMatcher origin : here.origins()) {
      if (origin.matches(source)) {
        return true;
      }
    }
    return false;
  }

  /** Of a URL, without a user; what is none stays as it is, and a broken one has none. */
  private static String hostAndPort(@org.jspecify.annotations.Nullable String text) {
    if (text == null) {
      return "";
    }
    int scheme = text.indexOf("://");
    if (scheme < 0) {
      return text;
    }
    int start = scheme + 3;
    int end = start;
    while (end < text.length() && "/?#".indexOf(text.charAt(end)) < 0) {
      end++;
    }
    if (end < text.length() && text.charAt(end) == '#') {
      return "";
    }
    return text.substring(Math.max(start, text.lastIndexOf('@', end) + 1), end);
  }
}
