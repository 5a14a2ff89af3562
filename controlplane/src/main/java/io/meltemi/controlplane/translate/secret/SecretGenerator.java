package io.meltemi.controlplane.translate.secret;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.kind.configmap.ConfigMap;
import io.meltemi.config.kind.gateway.Gateway;
import io.meltemi.config.kind.secret.Secret;
import io.meltemi.config.resource.Resource;
import io.meltemi.config.store.Problem;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.controlplane.push.GeneratedResource;
import io.meltemi.controlplane.push.ProxyNode;
import io.meltemi.controlplane.push.PushContext;
import io.meltemi.controlplane.push.ResourceGenerator;
import io.meltemi.controlplane.push.View;
import io.meltemi.xds.resource.TypeUrl;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Certificates, keys and roots that proxies ask for by the names of credentials. A Secret is for
 * proxies of its own namespace, and for those gateways of the Gateway API that may refer to it; a
 * ConfigMap is for all. What is missing, unusable or not for the proxy is left out and told as a
 * problem; a proxy keeps what it has of it.
 */
public final class SecretGenerator implements ResourceGenerator {
  @Override
  public TypeUrl type() {
    return TypeUrl.SECRET;
  }

  @Override
  public List<GeneratedResource> generate(
      View view, PushContext context, Collection<String> names) {
    ProxyNode node = view.node();
    List<GeneratedResource> made = new ArrayList<>();
    for (String name : names) {
      if (find(name, node, context) instanceof Answer.Found(GeneratedResource resource)) {
        made.add(resource);
      }
    }
    return made;
  }

  @Override
  public List<Problem> problems(ProxyNode node, PushContext context, Collection<String> names) {
    List<Problem> problems = new ArrayList<>();
    for (String name : names) {
      if (find(name, node, context) instanceof Answer.None(Problem why)) {
        problems.add(why);
      }
    }
    return problems;
  }

  private sealed interface Answer {
    record Found(GeneratedResource resource) implements Answer {}

    record None(Problem why) implements Answer {}
  }

  private static Answer find(String name, ProxyNode node, PushContext context) {
    Optional<CredentialName> parsed = CredentialName.parse(name, node.namespace());
    if (parsed.isEmpty()) {
      return missing(name, node, context, "the name of a Secret or ConfigMap");
    }
    CredentialName credential = parsed.get();
    return switch (credential.kind()) {
      case SECRET ->
          credential.resource().namespace().equals(node.namespace())
              ? secret(name, credential, node, context)
              : missing(
                  name, node, context, "a Secret of the proxy's namespace " + node.namespace());
      case GATEWAY_SECRET ->
          references(name, node, context).findAny().isPresent()
              ? secret(name, credential, node, context)
              : missing(name, node, context, "a Secret that a gateway of this proxy refers to");
      case CONFIG_MAP -> configMap(name, credential, node, context);
    };
  }

  /** Roots may be in a Secret of their own, or beside the certificate. */
  private static Answer secret(
      String name, CredentialName credential, ProxyNode node, PushContext context) {
    Optional<Resource<Secret>> secret = context.credentials().secret(credential.resource());
    if (secret.isEmpty() && credential.roots()) {
      secret = context.credentials().secret(credential.withoutSuffix());
    }
    if (secret.isEmpty()) {
      return missing(name, node, context, "a Secret that exists: " + credential.resource());
    }
    Material material = Material.of(secret.get().spec());
    boolean roots = credential.roots() || (!material.hasKeyPair() && material.hasAuthorities());
    return answer(name, secret.get(), roots ? material.authorities(name) : material.keyPair(name));
  }

  private static Answer configMap(
      String name, CredentialName credential, ProxyNode node, PushContext context) {
    Optional<Resource<ConfigMap>> map = context.credentials().configMap(credential.resource());
    if (map.isEmpty()) {
      map = context.credentials().configMap(credential.withoutSuffix());
    }
    return map.isEmpty()
        ? missing(name, node, context, "a ConfigMap that exists: " + credential.resource())
        : answer(name, map.get(), Material.of(map.get().spec()).authorities(name));
  }

  private static Answer answer(String name, Resource<?> from, Material.Result result) {
    return switch (result) {
      case Material.Result.Made(var secret) ->
          new Answer.Found(new GeneratedResource(name, secret, List.of(from.origin())));
      case Material.Result.Unusable(String field, String found, String expected) ->
          new Answer.None(
              new Problem(
                  Problem.Severity.ERROR,
                  from.toString(),
                  new Violation(from.origin(), field, found, expected)));
    };
  }

  private static Answer missing(String name, ProxyNode node, PushContext context, String expected) {
    Optional<Reference> reference = references(name, node, context).findFirst();
    return new Answer.None(
        new Problem(
            Problem.Severity.ERROR,
            reference.map(found -> found.gateway().toString()).orElse("proxy " + node.id()),
            new Violation(
                reference
                    .map(found -> found.gateway().origin())
                    .orElseGet(() -> Origin.of("proxy " + node.id())),
                reference.map(Reference::path).orElse(""),
                name,
                expected)));
  }

  /** Where a gateway of a proxy names a credential. */
  private record Reference(Resource<Gateway> gateway, String path) {}

  private static Stream<Reference> references(String name, ProxyNode node, PushContext context) {
    if (!node.isRouter()) {
      return Stream.empty();
    }
    List<Reference> found = new ArrayList<>();
    for (Resource<Gateway> gateway : context.gatewaysOf(node)) {
      List<Gateway.Server> servers = gateway.spec().servers();
      for (int i = 0; i < servers.size(); i++) {
        String path = "spec.servers[" + i + "].tls.";
        servers
            .get(i)
            .tls()
            .map(ServerTls::credentials)
            .flatMap(credentials -> field(credentials, name))
            .ifPresent(field -> found.add(new Reference(gateway, path + field)));
      }
    }
    return found.stream();
  }

  private static Optional<String> field(ServerTls.Credentials credentials, String name) {
    if (isNamed(credentials.caCertCredentialName(), name)) {
      return Optional.of("caCertCredentialName");
    }
    if (isNamed(credentials.credentialName(), name)) {
      return Optional.of("credentialName");
    }
    return credentials.credentialNames().stream().anyMatch(each -> isNamed(each, name))
        ? Optional.of("credentialNames")
        : Optional.empty();
  }

  /** Whether a secret's name stands for a credential, or for the roots that came with it. */
  private static boolean isNamed(String credential, String name) {
    if (credential.isEmpty()) {
      return false;
    }
    String full = credential.contains("://") ? credential : "kubernetes://" + credential;
    return name.equals(full) || name.equals(full + "-cacert");
  }
}
