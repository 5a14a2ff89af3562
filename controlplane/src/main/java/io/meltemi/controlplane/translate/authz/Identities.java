package io.meltemi.controlplane.translate.authz;

import io.envoyproxy.envoy.config.rbac.v3.Principal;
import io.envoyproxy.envoy.type.matcher.v3.FilterStateMatcher;
import io.envoyproxy.envoy.type.matcher.v3.StringMatcher;
import java.util.List;

/** Who a peer or a client is, as terms of RBAC rules. */
final class Identities {
  private static final String SPIFFE = "spiffe://";
  private static final String TUNNEL_PEER = "io.istio.peer_principal";

  private final boolean tunnelled;

  /**
   * For one kind of connection.
   *
   * @param tunnelled the peer's name came with the tunnel; else its certificate tells it
   */
  Identities(boolean tunnelled) {
    this.tunnelled = tunnelled;
  }

  /** {@code domain/ns/namespace/sa/account} of the peer's certificate. */
  Principal principal(String value) {
    return authenticated(TextForm.of(SPIFFE, value));
  }

  Principal namespace(String value) {
    String pattern = TextForm.quoted(value).replace("\\*", ".*");
    return authenticated(TextForm.regex(".*/ns/" + pattern + "/.*"));
  }

  /**
   * An account.
   *
   * @param value {@code namespace/account}, or an account of the policy's namespace
   */
  Principal serviceAccount(String value, String namespace) {
    int slash = value.indexOf('/');
    String owner = slash < 0 ? namespace : value.substring(0, slash);
    return authenticated(
        TextForm.regex(
            "spiffe://.+/ns/"
                + TextForm.quoted(owner)
                + "/(.+/|)sa/"
                + TextForm.quoted(value.substring(slash + 1))
                + "(/.+)?"));
  }

  Principal trustDomain(String value) {
    String pattern = TextForm.quoted(value).replace("\\*", "[^/]*");
    return authenticated(TextForm.regex(SPIFFE + pattern + "/.+"));
  }

  private Principal authenticated(StringMatcher name) {
    if (tunnelled) {
      return Principal.newBuilder()
          .setFilterState(FilterStateMatcher.newBuilder().setKey(TUNNEL_PEER).setStringMatch(name))
          .build();
    }
    return Principal.newBuilder()
        .setAuthenticated(Principal.Authenticated.newBuilder().setPrincipalName(name))
        .build();
  }

  /** The peer of the connection. */
  static Principal peer(String range) {
    return Principal.newBuilder().setDirectRemoteIp(Terms.range(range)).build();
  }

  /** The client before all proxies that are trusted. */
  static Principal remote(String range) {
    return Principal.newBuilder().setRemoteIp(Terms.range(range)).build();
  }

  /** {@code issuer/subject} of the request's token; both may hold slashes, the last one parts. */
  static Principal ofToken(String value) {
    StringMatcher issuer;
    StringMatcher subject;
    int slash = value.lastIndexOf('/');
    if (slash >= 0) {
      issuer = TextForm.of(value.substring(0, slash));
      subject = TextForm.of(value.substring(slash + 1));
    } else if (value.startsWith("*")) {
      issuer = TextForm.PRESENT;
      subject = TextForm.of(value);
    } else {
      issuer = TextForm.of(value);
      subject = value.endsWith("*") ? TextForm.PRESENT : TextForm.of("");
    }
    return Terms.principal(
        List.of(claim("iss", issuer), claim("sub", subject)), Principal.getDefaultInstance());
  }

  private static Principal claim(String name, StringMatcher value) {
    return MetadataTerms.principal(MetadataTerms.claim(List.of(name), MetadataTerms.text(value)));
  }
}
