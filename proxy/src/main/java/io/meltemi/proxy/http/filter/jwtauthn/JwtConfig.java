package io.meltemi.proxy.http.filter.jwtauthn;

import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.HttpFilter;
import io.meltemi.proxy.http.HttpFilterConfig;
import io.meltemi.proxy.http.HttpFilterContext;
import io.meltemi.proxy.matcher.StringMatcher;
import io.meltemi.proxy.route.RouteFilterConfig;
import io.meltemi.proxy.route.RouteMatcher;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What tokens requests must have.
 *
 * @param rules the first whose match takes the request counts; none asks for nothing
 * @param byName requirements that routes name
 */
record JwtConfig(List<Rule> rules, Map<String, Requirement> byName, Options options)
    implements HttpFilterConfig {
  JwtConfig {
    rules = List.copyOf(rules);
    byName = Map.copyOf(byName);
  }

  /**
   * @param stripsFailures whether refusals say nothing of their reason
   * @param statPrefix of the counters, with its final dot
   */
  record Options(boolean bypassesPreflights, boolean stripsFailures, String statPrefix) {}

  /**
   * @param requirement empty when nothing is asked
   */
  record Rule(RouteMatcher match, Optional<Requirement> requirement) {}

  /** What a route says: nothing is asked, or what a name stands for. */
  sealed interface OfRoute extends RouteFilterConfig {
    record Disabled() implements OfRoute {}

    record Named(String name) implements OfRoute {}
  }

  /** What tokens are asked for. */
  sealed interface Requirement {
    /**
     * A good token of a provider.
     *
     * @param audiences instead of the provider's; empty for those
     */
    record Of(TokenProvider provider, List<String> audiences) implements Requirement {
      public Of {
        audiences = List.copyOf(audiences);
      }
    }

    record Any(List<Requirement> parts) implements Requirement {
      public Any {
        parts = List.copyOf(parts);
      }
    }

    record All(List<Requirement> parts) implements Requirement {
      public All {
        parts = List.copyOf(parts);
      }
    }

    /**
     * No token, or good ones only.
     *
     * @param failed whether bad tokens do as well
     */
    record Allow(List<TokenProvider> providers, boolean failed) implements Requirement {
      public Allow {
        providers = List.copyOf(providers);
      }
    }
  }

  /** Who issues tokens, what they must be like, and what becomes of them. */
  record TokenProvider(
      String name, Demands demands, Places places, KeySource keys, Effects effects) {}

  /**
   * @param issuer empty for any
   * @param audiences one of which the token must have; empty for any
   * @param lifetimeSecondsMax 0 for any
   */
  record Demands(
      String issuer,
      List<String> audiences,
      Optional<StringMatcher> subjects,
      boolean expires,
      long lifetimeSecondsMax,
      long skewSeconds) {
    Demands {
      audiences = List.copyOf(audiences);
    }
  }

  /** Where tokens are looked for. */
  record Places(List<HeaderPlace> headers, List<String> parameters, List<String> cookies) {
    Places {
      headers = List.copyOf(headers);
      parameters = List.copyOf(parameters);
      cookies = List.copyOf(cookies);
    }
  }

  record HeaderPlace(HeaderName name, String prefix) {}

  /** What a good token leaves in the request. */
  record Effects(
      boolean forwards,
      Optional<HeaderName> payloadHeader,
      boolean padded,
      List<ClaimHeader> claimHeaders,
      InMetadata metadata,
      boolean clearsRoute) {
    Effects {
      claimHeaders = List.copyOf(claimHeaders);
    }
  }

  record ClaimHeader(HeaderName header, String claim) {}

  /** Fields of dynamic metadata; empty names for none. */
  record InMetadata(String payload, String header, String failure, List<String> spaceDelimited) {
    InMetadata {
      spaceDelimited = List.copyOf(spaceDelimited);
    }
  }

  @Override
  public HttpFilter newFilter(HttpFilterContext context) {
    return new JwtFilter(this, context);
  }
}
