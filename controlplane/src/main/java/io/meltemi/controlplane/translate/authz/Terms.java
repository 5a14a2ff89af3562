package io.meltemi.controlplane.translate.authz;

import com.google.protobuf.Any;
import io.envoyproxy.envoy.config.core.v3.CidrRange;
import io.envoyproxy.envoy.config.core.v3.TypedExtensionConfig;
import io.envoyproxy.envoy.config.rbac.v3.Permission;
import io.envoyproxy.envoy.config.rbac.v3.Principal;
import io.envoyproxy.envoy.config.route.v3.HeaderMatcher;
import io.envoyproxy.envoy.extensions.path.match.uri_template.v3.UriTemplateMatchConfig;
import io.envoyproxy.envoy.type.matcher.v3.PathMatcher;
import io.meltemi.controlplane.translate.ProtoValues;
import java.util.List;
import java.util.function.Function;

/** The terms of RBAC rules. */
final class Terms {
  private static final int IPV4_BITS = 32;
  private static final int IPV6_BITS = 128;

  private Terms() {}

  /** All of them; for none the one given. */
  static Permission permission(List<Permission> terms, Permission none) {
    return Permission.newBuilder()
        .setAndRules(
            Permission.Set.newBuilder().addAllRules(terms.isEmpty() ? List.of(none) : terms))
        .build();
  }

  /** All of them; for none the one given. */
  static Principal principal(List<Principal> terms, Principal none) {
    return Principal.newBuilder()
        .setAndIds(Principal.Set.newBuilder().addAllIds(terms.isEmpty() ? List.of(none) : terms))
        .build();
  }

  static Permission anyOf(List<Permission> terms) {
    return Permission.newBuilder()
        .setOrRules(Permission.Set.newBuilder().addAllRules(terms))
        .build();
  }

  static Principal anyOfPrincipals(List<Principal> terms) {
    return Principal.newBuilder().setOrIds(Principal.Set.newBuilder().addAllIds(terms)).build();
  }

  /** A term per value; the only one stands for itself. */
  static Principal anyPrincipal(List<String> values, Function<String, Principal> term) {
    return values.size() == 1
        ? term.apply(values.getFirst())
        : anyOfPrincipals(values.stream().map(term).toList());
  }

  static Permission header(String name, String value, boolean anyCase) {
    return Permission.newBuilder().setHeader(matcher(name, value, anyCase)).build();
  }

  static Principal headerOfClient(String name, String value) {
    return Principal.newBuilder().setHeader(matcher(name, value, false)).build();
  }

  private static HeaderMatcher matcher(String name, String value, boolean anyCase) {
    HeaderMatcher.Builder header = HeaderMatcher.newBuilder().setName(name);
    return value.equals("*")
        ? header.setPresentMatch(true).build()
        : header.setStringMatch(TextForm.of(value, anyCase)).build();
  }

  /** A path, or a template with {@code {*}} for a segment and {@code {**}} for several. */
  static Permission path(String value) {
    if (value.contains("{*}") || value.contains("{**}")) {
      return Permission.newBuilder()
          .setUriTemplate(
              TypedExtensionConfig.newBuilder()
                  .setName("uri-template")
                  .setTypedConfig(
                      Any.pack(
                          UriTemplateMatchConfig.newBuilder()
                              .setPathTemplate(value.replace("{*}", "*").replace("{**}", "**"))
                              .build())))
          .build();
    }
    return Permission.newBuilder()
        .setUrlPath(PathMatcher.newBuilder().setPath(TextForm.of(value)))
        .build();
  }

  static Permission port(String value) {
    return Permission.newBuilder().setDestinationPort(Integer.parseInt(value)).build();
  }

  static Permission destination(String range) {
    return Permission.newBuilder().setDestinationIp(range(range)).build();
  }

  static Permission serverName(String value) {
    return Permission.newBuilder().setRequestedServerName(TextForm.of(value)).build();
  }

  static CidrRange range(String text) {
    int slash = text.indexOf('/');
    String address = slash < 0 ? text : text.substring(0, slash);
    int bits =
        slash < 0
            ? address.indexOf(':') < 0 ? IPV4_BITS : IPV6_BITS
            : Integer.parseInt(text.substring(slash + 1));
    return CidrRange.newBuilder()
        .setAddressPrefix(address)
        .setPrefixLen(ProtoValues.uint32(bits))
        .build();
  }
}
