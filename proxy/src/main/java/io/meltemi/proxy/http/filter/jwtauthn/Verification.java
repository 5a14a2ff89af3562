package io.meltemi.proxy.http.filter.jwtauthn;

import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.ClaimHeader;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.Demands;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.Effects;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.HeaderPlace;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.Requirement;
import io.meltemi.proxy.http.filter.jwtauthn.JwtConfig.TokenProvider;
import io.meltemi.proxy.matcher.HeaderMatcher;
import io.meltemi.proxy.route.QueryStrings;
import io.meltemi.proxy.telemetry.JsonText;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The judgement of one request's tokens. Where keys must be fetched it stops, and is run again from
 * the start with them: what it did to the request before is done once.
 */
final class Verification {
  private static final String NAMESPACE = "envoy.filters.http.jwt_authn";
  private static final HeaderName COOKIE = HeaderName.of("cookie");

  private final JwtFilter filter;
  private final HeaderBlock headers;
  private final Requirement requirement;

  /** Keys that were fetched for this request; empty when that failed. */
  private final Map<TokenProvider, Optional<KeySet>> fetched = new HashMap<>(1);

  /** What was taken from the request, judged once; by provider. */
  private final Map<TokenProvider, JwtStatus> judged = new HashMap<>(2);

  private final Map<TokenProvider, List<Token>> tokens = new HashMap<>(2);
  private boolean clearsRoute;

  /** Whether a token may be another provider's. */
  private boolean allowing;

  /**
   * A token and where it stood.
   *
   * @param header it is taken out of; cookies stay
   * @param parameter empty for none
   */
  private record Token(String text, HeaderName header, String parameter) {}

  /** Keys must be fetched first. */
  private static final class Wanting extends Exception {
    private static final long serialVersionUID = 1L;
    private final transient TokenProvider provider;
    private final transient KeySource.Remote keys;

    Wanting(TokenProvider provider, KeySource.Remote keys) {
      super("", null, false, false);
      this.provider = provider;
      this.keys = keys;
    }
  }

  Verification(JwtFilter filter, HeaderBlock headers, Requirement requirement) {
    this.filter = filter;
    this.headers = headers;
    this.requirement = requirement;
  }

  void run() {
    allowing = false;
    JwtStatus status;
    try {
      status = judge(requirement);
    } catch (Wanting e) {
      filter.fetch(e.provider, e.keys, this);
      return;
    }
    if (clearsRoute) {
      filter.context().clearRoute();
    }
    filter.onDecided(status);
  }

  void onKeys(TokenProvider provider, Optional<KeySet> keys) {
    fetched.put(provider, keys);
    run();
  }

  private JwtStatus judge(Requirement asked) throws Wanting {
    return switch (asked) {
      case Requirement.Of(TokenProvider provider, List<String> audiences) ->
          judge(provider, audiences.isEmpty() ? provider.demands().audiences() : audiences);
      case Requirement.All(List<Requirement> parts) -> {
        JwtStatus status = JwtStatus.OK;
        for (Requirement part : parts) {
          status = judge(part);
          if (status != JwtStatus.OK) {
            break;
          }
        }
        yield status;
      }
      case Requirement.Any(List<Requirement> parts) -> any(parts);
      case Requirement.Allow(List<TokenProvider> providers, boolean failed) -> {
        allowing = true;
        JwtStatus status = present(providers);
        allowing = false;
        yield failed || status == JwtStatus.MISSED ? JwtStatus.OK : status;
      }
    };
  }

  /** A token is its issuer's to judge, whoever else looks at the same place. */
  private JwtStatus present(List<TokenProvider> providers) throws Wanting {
    JwtStatus result = JwtStatus.MISSED;
    Set<String> judges = new HashSet<>();
    for (TokenProvider provider : providers) {
      if (judges.contains(provider.demands().issuer())) {
        continue;
      }
      JwtStatus status = judge(provider, provider.demands().audiences());
      switch (status) {
        case MISSED -> {}
        case UNKNOWN_ISSUER -> result = result == JwtStatus.MISSED ? status : result;
        case OK -> {
          judges.add(provider.demands().issuer());
          result =
              result == JwtStatus.MISSED || result == JwtStatus.UNKNOWN_ISSUER ? status : result;
        }
        default -> {
          judges.add(provider.demands().issuer());
          result = status;
        }
      }
    }
    return result;
  }

  /** The last reason counts, but none that only says that there was no token for a provider. */
  private JwtStatus any(List<Requirement> parts) throws Wanting {
    JwtStatus reason = JwtStatus.MISSED;
    for (Requirement part : parts) {
      JwtStatus status = judge(part);
      if (status == JwtStatus.OK) {
        return status;
      }
      if (status == JwtStatus.UNKNOWN_ISSUER) {
        reason = reason == JwtStatus.MISSED ? status : reason;
      } else if (status != JwtStatus.MISSED) {
        reason = status;
      }
    }
    return reason;
  }

  private JwtStatus judge(TokenProvider provider, List<String> audiences) throws Wanting {
    JwtStatus known = judged.get(provider);
    if (known != null) {
      return known;
    }
    List<Token> found = tokens.get(provider);
    if (found == null) {
      sanitize(provider.effects());
      found = extract(provider);
      tokens.put(provider, found);
    }
    JwtStatus status = found.isEmpty() ? JwtStatus.MISSED : JwtStatus.OK;
    List<Jwt> good = new ArrayList<>(found.size());
    for (int i = 0; i < found.size() && status == JwtStatus.OK; i++) {
      try {
        Jwt jwt = Jwt.parse(found.get(i).text());
        status = judge(provider, audiences, jwt);
        good.add(jwt);
      } catch (Jwt.Malformed e) {
        status = e.status();
      }
    }
    judged.put(provider, status);
    if (status == JwtStatus.OK) {
      for (int i = 0; i < good.size(); i++) {
        accept(provider, good.get(i), found.get(i));
      }
    } else if (status != JwtStatus.MISSED
        && !(allowing && status == JwtStatus.UNKNOWN_ISSUER)
        && !provider.effects().metadata().failure().isEmpty()) {
      filter
          .context()
          .streamInfo()
          .dynamicMetadata
          .add(
              NAMESPACE,
              Map.of(
                  provider.effects().metadata().failure(),
                  Map.of("code", (double) status.code(), "message", status.text())));
    }
    return status;
  }

  private JwtStatus judge(TokenProvider provider, List<String> audiences, Jwt jwt) throws Wanting {
    Demands demands = provider.demands();
    if (!demands.issuer().isEmpty() && !demands.issuer().equals(jwt.issuer())) {
      return JwtStatus.UNKNOWN_ISSUER;
    }
    long now = filter.context().loop().ticker().now().getEpochSecond();
    long expires = jwt.seconds("exp");
    if (jwt.seconds("nbf") > now + demands.skewSeconds()) {
      return JwtStatus.NOT_YET_VALID;
    }
    if (expires > 0 && now > expires + demands.skewSeconds()) {
      return JwtStatus.EXPIRED;
    }
    if ((demands.expires() && expires == 0)
        || (demands.lifetimeSecondsMax() > 0
            && (expires == 0
                || expires - Math.max(jwt.seconds("iat"), 0) > demands.lifetimeSecondsMax()))) {
      return JwtStatus.VERIFICATION;
    }
    if (demands.subjects().isPresent()) {
      byte[] subject = jwt.subject().getBytes(StandardCharsets.UTF_8);
      if (!demands.subjects().get().matches(subject, 0, subject.length)) {
        return JwtStatus.VERIFICATION;
      }
    }
    if (!audiences.isEmpty() && jwt.audiences().stream().noneMatch(one -> has(audiences, one))) {
      return JwtStatus.AUDIENCE;
    }
    return keys(provider).map(keys -> keys.verify(jwt)).orElse(JwtStatus.FETCH);
  }

  /** As in Envoy a scheme and a final slash of an audience do not matter. */
  private static boolean has(List<String> audiences, String told) {
    String plain = plain(told);
    for (String audience : audiences) {
      if (plain(audience).equals(plain)) {
        return true;
      }
    }
    return false;
  }

  private static String plain(String audience) {
    String text = audience;
    if (text.startsWith("https://")) {
      text = text.substring("https://".length());
    } else if (text.startsWith("http://")) {
      text = text.substring("http://".length());
    }
    return text.endsWith("/") ? text.substring(0, text.length() - 1) : text;
  }

  private Optional<KeySet> keys(TokenProvider provider) throws Wanting {
    return switch (provider.keys()) {
      case KeySource.Local(KeySet keys) -> Optional.of(keys);
      case KeySource.Remote remote -> {
        Optional<KeySet> own = fetched.get(provider);
        if (own != null) {
          yield own;
        }
        KeySet present = remote.present(filter.context().loop().nanos());
        if (present == null) {
          throw new Wanting(provider, remote);
        }
        yield Optional.of(present);
      }
    };
  }

  /** What a good token will write must not come from the client. */
  private void sanitize(Effects effects) {
    effects.payloadHeader().ifPresent(headers::remove);
    for (ClaimHeader claim : effects.claimHeaders()) {
      headers.remove(claim.header());
    }
  }

  private List<Token> extract(TokenProvider provider) {
    List<Token> found = new ArrayList<>(1);
    for (HeaderPlace place : provider.places().headers()) {
      if (!headers.contains(place.name())) {
        continue;
      }
      String value = HeaderMatcher.joined(headers, place.name());
      int at = value.indexOf(place.prefix());
      if (at >= 0) {
        found.add(new Token(value.substring(at + place.prefix().length()), place.name(), ""));
      }
    }
    for (String parameter : provider.places().parameters()) {
      String value = QueryStrings.first(headers, parameter);
      if (value != null) {
        found.add(new Token(value, COOKIE, parameter));
      }
    }
    for (String cookie : provider.places().cookies()) {
      String value = cookie(cookie);
      if (value != null) {
        found.add(new Token(value, COOKIE, ""));
      }
    }
    return found;
  }

  private @Nullable String cookie(String name) {
    for (int i = headers.find(COOKIE); i >= 0; i = headers.findNext(COOKIE, i)) {
      for (String pair : headers.value(i).split(";", -1)) {
        String part = pair.strip();
        if (part.startsWith(name + "=")) {
          String value = part.substring(name.length() + 1);
          return value.length() > 1 && value.startsWith("\"") && value.endsWith("\"")
              ? value.substring(1, value.length() - 1)
              : value;
        }
      }
    }
    return null;
  }

  private void accept(TokenProvider provider, Jwt jwt, Token token) {
    Effects effects = provider.effects();
    if (effects.payloadHeader().isPresent()) {
      String text = jwt.payloadText();
      if (effects.padded()) {
        text += "=".repeat((4 - text.length() % 4) % 4);
      }
      headers.add(effects.payloadHeader().get(), text);
    }
    for (ClaimHeader claim : effects.claimHeaders()) {
      String value = text(jwt.claim(claim.claim()));
      if (value != null) {
        headers.add(claim.header(), value.getBytes(StandardCharsets.UTF_8));
        clearsRoute |= effects.clearsRoute();
      }
    }
    if (!effects.forwards()) {
      if (!token.parameter().isEmpty()) {
        QueryStrings.remove(headers, token.parameter());
      } else if (token.header() != COOKIE) {
        headers.remove(token.header());
      }
    }
    JwtConfig.InMetadata metadata = effects.metadata();
    if (!metadata.payload().isEmpty()) {
      add(metadata.payload(), normalized(jwt.payload(), metadata.spaceDelimited()));
      clearsRoute |= effects.clearsRoute();
    }
    if (!metadata.header().isEmpty()) {
      add(metadata.header(), jwt.header());
    }
  }

  private void add(String field, Map<String, Object> value) {
    filter.context().streamInfo().dynamicMetadata.add(NAMESPACE, Map.of(field, value));
  }

  private static Map<String, Object> normalized(
      Map<String, Object> payload, List<String> spaceDelimited) {
    if (spaceDelimited.isEmpty()) {
      return payload;
    }
    Map<String, Object> normalized = new LinkedHashMap<>(payload);
    for (String claim : spaceDelimited) {
      if (payload.get(claim) instanceof String text) {
        normalized.put(claim, List.of(text.split(" ", -1)));
      }
    }
    return normalized;
  }

  /** A claim as a header has it; null when it has no such form. */
  private static @Nullable String text(@Nullable Object claim) {
    return switch (claim) {
      case String text when text.chars().noneMatch(c -> c < ' ') -> text;
      case Boolean bool -> bool.toString();
      case Double number when number == Math.rint(number) && Math.abs(number) < 1e15 ->
          Long.toString(number.longValue());
      case Double number -> number.toString();
      case Map<?, ?> map -> Base64.getEncoder().encodeToString(json(map));
      case List<?> list -> Base64.getEncoder().encodeToString(json(list));
      case null, default -> null;
    };
  }

  private static byte[] json(Object value) {
    return JsonText.of(value).getBytes(StandardCharsets.UTF_8);
  }
}
