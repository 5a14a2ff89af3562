package io.meltemi.controlplane.translate.authz;

import io.envoyproxy.envoy.config.rbac.v3.Permission;
import io.envoyproxy.envoy.config.rbac.v3.Policy;
import io.envoyproxy.envoy.config.rbac.v3.Principal;
import io.envoyproxy.envoy.config.rbac.v3.RBAC;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Action;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Condition;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Operation;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Rule;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Source;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Values;
import io.meltemi.config.resource.Resource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * The rules of policies with one action.
 *
 * <p>Where there are only connections, a rule that asks for something of a request never matches if
 * it allows; if it denies or audits, what it asks of the request is left out.
 */
final class PolicyRules {
  private static final Permission ANYTHING = Permission.newBuilder().setAny(true).build();
  private static final Principal ANYONE = Principal.newBuilder().setAny(true).build();

  /** What a policy without rules says. */
  private static final Policy NEVER =
      Policy.newBuilder()
          .addPermissions(Permission.newBuilder().setNotRule(ANYTHING))
          .addPrincipals(Principal.newBuilder().setNotId(ANYONE))
          .build();

  private final TrustedNames names;
  private final Identities identities;
  private final Action action;
  private final boolean tcp;

  /**
   * Made for one kind of filter.
   *
   * @param tcp there are connections only
   */
  PolicyRules(TrustedNames names, Identities identities, Action action, boolean tcp) {
    this.names = names;
    this.identities = identities;
    this.action = action;
    this.tcp = tcp;
  }

  /** What stands around the name of a rule. */
  record Naming(String before, String after) {}

  RBAC of(List<Resource<AuthorizationPolicy>> policies, Naming naming) {
    RBAC.Builder rules =
        RBAC.newBuilder()
            .setAction(
                switch (action) {
                  case ALLOW -> RBAC.Action.ALLOW;
                  case DENY, CUSTOM -> RBAC.Action.DENY;
                  case AUDIT -> RBAC.Action.LOG;
                });
    for (Resource<AuthorizationPolicy> policy : policies) {
      String name =
          naming.before() + "ns[" + policy.namespace() + "]-policy[" + policy.name() + "]-rule[";
      List<Rule> written = policy.spec().rules();
      if (written.isEmpty()) {
        rules.putPolicies(name + "0]" + naming.after(), NEVER);
      }
      for (int i = 0; i < written.size(); i++) {
        String id = name + i + ']' + naming.after();
        policy(written.get(i), policy.namespace()).ifPresent(rule -> rules.putPolicies(id, rule));
      }
    }
    return rules.build();
  }

  /** Empty for a rule that can never match. */
  private Optional<Policy> policy(Rule rule, String namespace) {
    Policy.Builder policy = Policy.newBuilder();
    boolean possible = true;
    List<Optional<Operation>> operations = alternatives(rule.to());
    for (Optional<Operation> operation : operations) {
      Parts<Permission> parts = new Parts<>(new PermissionTerms());
      operation.ifPresent(to -> operation(to, parts));
      rule.when().forEach(when -> permission(when, parts));
      possible &= parts.possible();
      policy.addPermissions(Terms.permission(parts.terms, ANYTHING));
    }
    List<Optional<Source>> sources = alternatives(rule.from());
    for (Optional<Source> source : sources) {
      Parts<Principal> parts = new Parts<>(new PrincipalTerms());
      source.ifPresent(from -> source(from, namespace, parts));
      rule.when().forEach(when -> principal(when, namespace, parts));
      possible &= parts.possible();
      policy.addPrincipals(Terms.principal(parts.terms, ANYONE));
    }
    return possible ? Optional.of(policy.build()) : Optional.empty();
  }

  private static <T> List<Optional<T>> alternatives(List<T> written) {
    return written.isEmpty()
        ? List.of(Optional.empty())
        : written.stream().map(Optional::of).toList();
  }

  private void operation(Operation to, Parts<Permission> parts) {
    parts.ofRequest(to.hosts(), value -> Terms.header(":authority", value, true));
    parts.ofRequest(to.methods(), value -> Terms.header(":method", value, false));
    parts.ofRequest(to.paths(), Terms::path);
    parts.each(to.ports(), Terms::port);
  }

  private void source(Source from, String namespace, Parts<Principal> parts) {
    parts.each(expanded(from.workload().principals()), identities::principal);
    if (!from.requestPrincipals().isEmpty()) {
      parts.whole(
          from.requestPrincipals(), values -> Terms.anyPrincipal(values, Identities::ofToken));
    }
    parts.each(
        from.workload().serviceAccounts(), value -> identities.serviceAccount(value, namespace));
    parts.each(from.workload().namespaces(), identities::namespace);
    parts.each(from.workload().trustDomains(), identities::trustDomain);
    parts.each(from.remoteIpBlocks(), Identities::remote);
    parts.each(from.ipBlocks(), Identities::peer);
  }

  private Values expanded(Values principals) {
    return new Values(names.expand(principals.values()), names.expand(principals.notValues()));
  }

  private static void permission(Condition when, Parts<Permission> parts) {
    String key = when.key();
    if (key.equals("destination.ip")) {
      parts.each(when.values(), Terms::destination);
    } else if (key.equals("destination.port")) {
      parts.each(when.values(), Terms::port);
    } else if (key.equals("connection.sni")) {
      parts.each(when.values(), Terms::serverName);
    } else if (key.startsWith("experimental.")) {
      List<String> path = AttributeKeys.brackets(key);
      String filter = key.substring("experimental.".length(), key.indexOf('['));
      parts.wholeAnywhere(
          when.values(),
          values ->
              MetadataTerms.permission(
                  MetadataTerms.of(filter, path, MetadataTerms.values(values))));
    }
  }

  private void principal(Condition when, String namespace, Parts<Principal> parts) {
    String key = when.key();
    Values values = when.values();
    switch (AttributeKeys.name(key)) {
      case "request.headers" -> {
        String header = AttributeKeys.brackets(key).getFirst();
        parts.ofRequest(values, value -> Terms.headerOfClient(header, value));
      }
      case "source.ip" -> parts.each(values, Identities::peer);
      case "remote.ip" -> parts.each(values, Identities::remote);
      case "source.namespace" -> parts.each(values, identities::namespace);
      case "source.principal" -> parts.each(expanded(values), identities::principal);
      case "source.serviceAccount" ->
          parts.each(values, value -> identities.serviceAccount(value, namespace));
      case "source.trustDomain" -> parts.each(values, identities::trustDomain);
      case "request.auth.principal" ->
          parts.whole(values, list -> Terms.anyPrincipal(list, Identities::ofToken));
      case "request.auth.audiences" -> claim(List.of("aud"), values, parts);
      case "request.auth.presenter" -> claim(List.of("azp"), values, parts);
      case "request.auth.claims" -> claim(AttributeKeys.brackets(key), values, parts);
      default -> {}
    }
  }

  private static void claim(List<String> path, Values values, Parts<Principal> parts) {
    parts.whole(
        values,
        list ->
            MetadataTerms.principal(MetadataTerms.claim(path, MetadataTerms.valueOrList(list))));
  }

  /** What the terms of one alternative have in common. */
  private interface Kind<T> {
    T or(List<T> terms);

    T not(T term);
  }

  private record PermissionTerms() implements Kind<Permission> {
    @Override
    public Permission or(List<Permission> terms) {
      return Terms.anyOf(terms);
    }

    @Override
    public Permission not(Permission term) {
      return Permission.newBuilder().setNotRule(term).build();
    }
  }

  private record PrincipalTerms() implements Kind<Principal> {
    @Override
    public Principal or(List<Principal> terms) {
      return Terms.anyOfPrincipals(terms);
    }

    @Override
    public Principal not(Principal term) {
      return Principal.newBuilder().setNotId(term).build();
    }
  }

  /** The terms of one alternative, all of which must hold. */
  private final class Parts<T> {
    private final Kind<T> kind;
    private final List<T> terms = new ArrayList<>();
    private boolean left;

    Parts(Kind<T> kind) {
      this.kind = kind;
    }

    /** A term per value. */
    void each(Values values, Function<String, T> term) {
      if (!values.values().isEmpty()) {
        terms.add(kind.or(values.values().stream().map(term).toList()));
      }
      if (!values.notValues().isEmpty()) {
        terms.add(kind.not(kind.or(values.notValues().stream().map(term).toList())));
      }
    }

    /** The same of an attribute that only requests have. */
    void ofRequest(Values values, Function<String, T> term) {
      if (!tcp) {
        each(values, term);
      } else {
        left |= !values.isEmpty();
      }
    }

    /** A term for all values of an attribute that only requests have. */
    void whole(Values values, Function<List<String>, T> term) {
      if (!tcp) {
        wholeAnywhere(values, term);
      } else {
        left |= !values.isEmpty();
      }
    }

    void wholeAnywhere(Values values, Function<List<String>, T> term) {
      if (!values.values().isEmpty()) {
        terms.add(term.apply(values.values()));
      }
      if (!values.notValues().isEmpty()) {
        terms.add(kind.not(term.apply(values.notValues())));
      }
    }

    boolean possible() {
      return !left || action != Action.ALLOW;
    }
  }
}
