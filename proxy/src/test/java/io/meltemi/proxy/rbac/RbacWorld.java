package io.meltemi.proxy.rbac;

import com.google.re2j.Pattern;
import io.envoyproxy.envoy.config.core.v3.CidrRange;
import io.envoyproxy.envoy.config.rbac.v3.Permission;
import io.envoyproxy.envoy.config.rbac.v3.Policy;
import io.envoyproxy.envoy.config.rbac.v3.Principal;
import io.envoyproxy.envoy.config.rbac.v3.RBAC;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.type.matcher.v3.MetadataMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import io.envoyproxy.envoy.type.matcher.v3.ValueMatcher;
import io.meltemi.proxy.header.HeaderBlock;
import io.meltemi.proxy.header.HeaderName;
import io.meltemi.proxy.telemetry.StreamInfo;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * A random request, and what Envoy's documentation says about policies and it: every policy tried
 * in the order of names, every part in turn, on the protos themselves.
 */
final class RbacWorld {
  private static final List<String> HEADERS = List.of("x-a", "x-b", ":method");
  private static final List<String> WORDS = List.of("a", "b", "ab", "A", "abc", "ba", "c");
  private static final List<String> KEYS = List.of("k", "l");

  final String path;
  final Map<String, List<String>> headers = new TreeMap<>();
  final String serverName;
  final boolean tls;
  final List<String> uriSans;
  final List<String> dnsSans;
  final String subject;
  final InetSocketAddress local;
  final InetSocketAddress direct;
  final InetSocketAddress connectionRemote;
  final InetSocketAddress remote;
  final Map<String, Object> metadata;

  RbacWorld(RandomGenerator random) {
    path = path(random) + any(List.of("", "", "?x", "#y"), random);
    for (String header : HEADERS) {
      for (int i = random.nextInt(3); i > 0; i--) {
        headers.computeIfAbsent(header, _ -> new ArrayList<>()).add(any(WORDS, random));
      }
    }
    serverName = random.nextBoolean() ? "" : any(WORDS, random);
    tls = random.nextInt(4) > 0;
    uriSans = tls ? texts(random) : List.of();
    dnsSans = tls ? texts(random) : List.of();
    subject = tls && random.nextBoolean() ? any(WORDS, random) : "";
    local = address(random);
    direct = address(random);
    connectionRemote = address(random);
    remote = random.nextBoolean() ? connectionRemote : address(random);
    metadata =
        switch (random.nextInt(5)) {
          case 0 -> Map.of();
          case 1 -> Map.of("k", any(WORDS, random));
          case 2 -> Map.of("k", texts(random), "l", true);
          case 3 -> Map.of("k", Map.of("l", any(WORDS, random)));
          default -> Map.of("k", (double) random.nextInt(3), "l", any(WORDS, random));
        };
  }

  AccessRequest request(AccessRequest request) {
    HeaderBlock block = new HeaderBlock();
    block.add(HeaderName.PATH, path);
    headers.forEach(
        (name, values) -> values.forEach(value -> block.add(HeaderName.of(name), value)));
    StreamInfo info = new StreamInfo();
    info.downstreamRemoteAddress = remote;
    info.dynamicMetadata.add("ns", metadata);
    request.begin(
        new ConnectionFacts(
            new ConnectionFacts.Addresses(local, direct, connectionRemote),
            serverName,
            tls
                ? Optional.of(new FakeTls(new FakeCertificate(uriSans, dnsSans, subject)))
                : Optional.empty()),
        info,
        block);
    return request;
  }

  @Override
  public String toString() {
    return path
        + " "
        + headers
        + " sni "
        + serverName
        + " tls "
        + tls
        + " "
        + uriSans
        + dnsSans
        + subject
        + " local "
        + local
        + " direct "
        + direct
        + " source "
        + connectionRemote
        + " remote "
        + remote
        + " metadata "
        + metadata;
  }

  // ---- what is expected

  /** The name of the first policy that takes the request; empty when none does. */
  String effectivePolicy(RBAC rules) {
    for (Map.Entry<String, Policy> entry : new TreeMap<>(rules.getPoliciesMap()).entrySet()) {
      if (entry.getValue().getPermissionsList().stream().anyMatch(this::takes)
          && entry.getValue().getPrincipalsList().stream().anyMatch(this::takes)) {
        return entry.getKey();
      }
    }
    return "";
  }

  @SuppressWarnings("deprecation") // sent all the same
  private boolean takes(Permission rule) {
    return switch (rule.getRuleCase()) {
      case AND_RULES -> rule.getAndRules().getRulesList().stream().allMatch(this::takes);
      case OR_RULES -> rule.getOrRules().getRulesList().stream().anyMatch(this::takes);
      case NOT_RULE -> !takes(rule.getNotRule());
      case ANY -> true;
      case HEADER -> takes(rule.getHeader());
      case URL_PATH -> matches(rule.getUrlPath().getPath(), bare());
      case DESTINATION_IP -> isIn(rule.getDestinationIp(), local);
      case DESTINATION_PORT -> local.getPort() == rule.getDestinationPort();
      case DESTINATION_PORT_RANGE ->
          local.getPort() >= rule.getDestinationPortRange().getStart()
              && local.getPort() < rule.getDestinationPortRange().getEnd();
      case METADATA -> takes(rule.getMetadata());
      case REQUESTED_SERVER_NAME -> matches(rule.getRequestedServerName(), serverName);
      case MATCHER, URI_TEMPLATE, SOURCED_METADATA, RULE_NOT_SET ->
          throw new IllegalStateException(rule.toString());
    };
  }

  @SuppressWarnings("deprecation") // sent all the same
  private boolean takes(Principal id) {
    return switch (id.getIdentifierCase()) {
      case AND_IDS -> id.getAndIds().getIdsList().stream().allMatch(this::takes);
      case OR_IDS -> id.getOrIds().getIdsList().stream().anyMatch(this::takes);
      case NOT_ID -> !takes(id.getNotId());
      case ANY -> true;
      case AUTHENTICATED -> isAuthenticated(id.getAuthenticated());
      case SOURCE_IP -> isIn(id.getSourceIp(), connectionRemote);
      case DIRECT_REMOTE_IP -> isIn(id.getDirectRemoteIp(), direct);
      case REMOTE_IP -> isIn(id.getRemoteIp(), remote);
      case HEADER -> takes(id.getHeader());
      case URL_PATH -> matches(id.getUrlPath().getPath(), bare());
      case METADATA -> takes(id.getMetadata());
      case FILTER_STATE, SOURCED_METADATA, CUSTOM, IDENTIFIER_NOT_SET ->
          throw new IllegalStateException(id.toString());
    };
  }

  private String bare() {
    return path.split("[?#]", 2)[0];
  }

  private boolean isAuthenticated(Principal.Authenticated id) {
    if (!tls || !id.hasPrincipalName()) {
      return tls;
    }
    List<String> names = new ArrayList<>(uriSans);
    names.addAll(dnsSans);
    names.add(subject);
    return names.stream().anyMatch(name -> matches(id.getPrincipalName(), name));
  }

  private boolean takes(HeaderMatcher matcher) {
    List<String> values = headers.getOrDefault(matcher.getName(), List.of());
    if (matcher.hasPresentMatch()) {
      return (matcher.getPresentMatch() == !values.isEmpty()) != matcher.getInvertMatch();
    }
    if (values.isEmpty() && !matcher.getTreatMissingHeaderAsEmpty()) {
      return false;
    }
    return matches(matcher.getStringMatch(), String.join(",", values)) != matcher.getInvertMatch();
  }

  private static boolean matches(StringMatcher matcher, String text) {
    String value = matcher.getIgnoreCase() ? text.toLowerCase(Locale.ROOT) : text;
    return switch (matcher.getMatchPatternCase()) {
      case EXACT -> value.equals(folded(matcher, matcher.getExact()));
      case PREFIX -> value.startsWith(folded(matcher, matcher.getPrefix()));
      case SUFFIX -> value.endsWith(folded(matcher, matcher.getSuffix()));
      case CONTAINS -> value.contains(folded(matcher, matcher.getContains()));
      case SAFE_REGEX -> Pattern.matches(matcher.getSafeRegex().getRegex(), text);
      case CUSTOM, MATCHPATTERN_NOT_SET -> throw new IllegalStateException(matcher.toString());
    };
  }

  private static String folded(StringMatcher matcher, String text) {
    return matcher.getIgnoreCase() ? text.toLowerCase(Locale.ROOT) : text;
  }

  private static boolean isIn(CidrRange range, InetSocketAddress address) {
    byte[] wanted = ip(range.getAddressPrefix()).getAddress();
    byte[] found = address.getAddress().getAddress();
    if (wanted.length != found.length) {
      return false;
    }
    for (int bit = 0; bit < range.getPrefixLen().getValue(); bit++) {
      int mask = 0x80 >> (bit % 8);
      if ((wanted[bit / 8] & mask) != (found[bit / 8] & mask)) {
        return false;
      }
    }
    return true;
  }

  private boolean takes(MetadataMatcher matcher) {
    Object value = matcher.getFilter().equals("ns") ? metadata : null;
    for (MetadataMatcher.PathSegment segment : matcher.getPathList()) {
      value = value instanceof Map<?, ?> map ? map.get(segment.getKey()) : null;
    }
    return takes(matcher.getValue(), value) != matcher.getInvert();
  }

  private static boolean takes(ValueMatcher matcher, @Nullable Object value) {
    return switch (matcher.getMatchPatternCase()) {
      case STRING_MATCH -> value instanceof String text && matches(matcher.getStringMatch(), text);
      case PRESENT_MATCH -> matcher.getPresentMatch() && value != null;
      case BOOL_MATCH -> value instanceof Boolean bool && bool == matcher.getBoolMatch();
      case DOUBLE_MATCH ->
          value instanceof Double number && number == matcher.getDoubleMatch().getExact();
      case LIST_MATCH ->
          value instanceof List<?> list
              && list.stream().anyMatch(one -> takes(matcher.getListMatch().getOneOf(), one));
      case OR_MATCH ->
          matcher.getOrMatch().getValueMatchersList().stream().anyMatch(one -> takes(one, value));
      case NULL_MATCH, MATCHPATTERN_NOT_SET -> throw new IllegalStateException(matcher.toString());
    };
  }

  // ---- random rules

  static RBAC rules(RandomGenerator random, int policies, int alternativesMax) {
    RBAC.Builder rules = RBAC.newBuilder();
    for (int i = 0; i < policies; i++) {
      Policy.Builder policy = Policy.newBuilder();
      for (int j = random.nextInt(alternativesMax); j >= 0; j--) {
        policy.addPermissions(permission(random, 3, alternativesMax));
      }
      for (int j = random.nextInt(alternativesMax); j >= 0; j--) {
        policy.addPrincipals(principal(random, 3, alternativesMax));
      }
      rules.putPolicies("p" + random.nextInt(1_000_000), policy.build());
    }
    return rules.build();
  }

  @SuppressWarnings("deprecation") // sent all the same
  private static Permission permission(RandomGenerator random, int depth, int alternativesMax) {
    Permission.Builder rule = Permission.newBuilder();
    switch (random.nextInt(depth > 0 ? 14 : 9)) {
      case 0 -> rule.setHeader(header(random));
      case 1, 2 -> rule.getUrlPathBuilder().setPath(pathMatcher(random));
      case 3 -> rule.setDestinationIp(range(random));
      case 4 -> rule.setDestinationPort(80 + random.nextInt(4));
      case 5 ->
          rule.getDestinationPortRangeBuilder()
              .setStart(80 + random.nextInt(3))
              .setEnd(83 + random.nextInt(30));
      case 6 -> rule.setMetadata(metadata(random));
      case 7 -> rule.setRequestedServerName(text(random));
      case 8 -> {
        if (random.nextInt(4) == 0) {
          rule.setAny(true);
        } else {
          rule.getUrlPathBuilder().setPath(pathMatcher(random));
        }
      }
      case 9, 10 -> {
        for (int i = random.nextInt(3); i >= 0; i--) {
          rule.getAndRulesBuilder().addRules(permission(random, depth - 1, alternativesMax));
        }
      }
      case 11, 12 -> {
        for (int i = random.nextInt(alternativesMax); i >= 0; i--) {
          rule.getOrRulesBuilder().addRules(permission(random, depth - 1, alternativesMax));
        }
      }
      default -> rule.setNotRule(permission(random, depth - 1, alternativesMax));
    }
    return rule.build();
  }

  @SuppressWarnings("deprecation") // sent all the same
  private static Principal principal(RandomGenerator random, int depth, int alternativesMax) {
    Principal.Builder id = Principal.newBuilder();
    switch (random.nextInt(depth > 0 ? 14 : 9)) {
      case 0 -> id.setHeader(header(random));
      case 1 -> id.getUrlPathBuilder().setPath(pathMatcher(random));
      case 2 -> id.setSourceIp(range(random));
      case 3 -> id.setDirectRemoteIp(range(random));
      case 4 -> id.setRemoteIp(range(random));
      case 5 -> id.setMetadata(metadata(random));
      case 6, 7 -> id.getAuthenticatedBuilder().setPrincipalName(text(random));
      case 8 -> {
        if (random.nextBoolean()) {
          id.setAny(true);
        } else {
          id.getAuthenticatedBuilder();
        }
      }
      case 9, 10 -> {
        for (int i = random.nextInt(3); i >= 0; i--) {
          id.getAndIdsBuilder().addIds(principal(random, depth - 1, alternativesMax));
        }
      }
      case 11, 12 -> {
        for (int i = random.nextInt(alternativesMax); i >= 0; i--) {
          id.getOrIdsBuilder().addIds(principal(random, depth - 1, alternativesMax));
        }
      }
      default -> id.setNotId(principal(random, depth - 1, alternativesMax));
    }
    return id.build();
  }

  private static HeaderMatcher header(RandomGenerator random) {
    HeaderMatcher.Builder matcher =
        HeaderMatcher.newBuilder()
            .setName(any(HEADERS, random))
            .setInvertMatch(random.nextInt(4) == 0)
            .setTreatMissingHeaderAsEmpty(random.nextInt(4) == 0);
    return random.nextInt(4) == 0
        ? matcher.setPresentMatch(random.nextBoolean()).build()
        : matcher.setStringMatch(text(random)).build();
  }

  private static StringMatcher text(RandomGenerator random) {
    StringMatcher.Builder matcher = StringMatcher.newBuilder().setIgnoreCase(random.nextBoolean());
    switch (random.nextInt(6)) {
      case 0 -> matcher.setPrefix(any(WORDS, random));
      case 1 -> matcher.setSuffix(any(WORDS, random));
      case 2 -> matcher.setContains(any(WORDS, random));
      case 3 ->
          matcher
              .setIgnoreCase(false)
              .getSafeRegexBuilder()
              .setRegex(any(List.of("a.*", "(a|b)+", ".*c", "ab?"), random));
      default -> matcher.setExact(any(WORDS, random));
    }
    return matcher.build();
  }

  private static StringMatcher pathMatcher(RandomGenerator random) {
    StringMatcher.Builder matcher =
        StringMatcher.newBuilder().setIgnoreCase(random.nextInt(4) == 0);
    return switch (random.nextInt(4)) {
      case 0 -> matcher.setPrefix(path(random)).build();
      case 1 -> matcher.setSuffix("/" + any(WORDS, random)).build();
      default -> matcher.setExact(path(random)).build();
    };
  }

  private static CidrRange range(RandomGenerator random) {
    boolean v4 = random.nextInt(3) > 0;
    CidrRange.Builder range =
        CidrRange.newBuilder().setAddressPrefix(address(random, v4).getAddress().getHostAddress());
    range.getPrefixLenBuilder().setValue(random.nextInt(v4 ? 33 : 129));
    return range.build();
  }

  private static MetadataMatcher metadata(RandomGenerator random) {
    MetadataMatcher.Builder matcher =
        MetadataMatcher.newBuilder()
            .setFilter(random.nextInt(5) == 0 ? "other" : "ns")
            .setValue(value(random, 2))
            .setInvert(random.nextInt(4) == 0);
    matcher.addPathBuilder().setKey(any(KEYS, random));
    if (random.nextInt(3) == 0) {
      matcher.addPathBuilder().setKey(any(KEYS, random));
    }
    return matcher.build();
  }

  private static ValueMatcher value(RandomGenerator random, int depth) {
    ValueMatcher.Builder matcher = ValueMatcher.newBuilder();
    switch (random.nextInt(depth > 0 ? 8 : 5)) {
      case 0, 1 -> matcher.setStringMatch(text(random));
      case 2 -> matcher.setPresentMatch(true);
      case 3 -> matcher.setBoolMatch(random.nextBoolean());
      case 4 -> matcher.getDoubleMatchBuilder().setExact(random.nextInt(3));
      case 5, 6 -> matcher.getListMatchBuilder().setOneOf(value(random, depth - 1));
      default ->
          matcher
              .getOrMatchBuilder()
              .addValueMatchers(value(random, depth - 1))
              .addValueMatchers(value(random, depth - 1));
    }
    return matcher.build();
  }

  private static String path(RandomGenerator random) {
    StringBuilder path = new StringBuilder();
    for (int i = random.nextInt(3); i >= 0; i--) {
      path.append('/').append(any(WORDS, random));
    }
    return path.toString();
  }

  private static List<String> texts(RandomGenerator random) {
    List<String> texts = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      texts.add(any(WORDS, random));
    }
    return List.copyOf(texts);
  }

  private static InetSocketAddress address(RandomGenerator random) {
    return address(random, random.nextInt(3) > 0);
  }

  private static InetSocketAddress address(RandomGenerator random, boolean v4) {
    String text =
        v4
            ? "10." + random.nextInt(2) + "." + random.nextInt(2) + "." + random.nextInt(4)
            : "2001:db8::" + random.nextInt(2) + ":0:" + random.nextInt(4);
    return new InetSocketAddress(ip(text), 80 + random.nextInt(5));
  }

  private static InetAddress ip(String text) {
    try {
      return InetAddress.getByName(text);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(text, e);
    }
  }

  private static <T> T any(List<T> of, RandomGenerator random) {
    return of.get(random.nextInt(of.size()));
  }
}
