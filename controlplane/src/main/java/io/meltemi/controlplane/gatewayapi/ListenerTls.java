package io.meltemi.controlplane.gatewayapi;

import io.meltemi.config.kind.gatewayapi.KubernetesGateway.FrontendValidation;
import io.meltemi.config.kind.gatewayapi.Listener;
import io.meltemi.config.kind.gatewayapi.ObjectRef;
import io.meltemi.config.kind.gatewayapi.ParentRef;
import io.meltemi.config.traffic.ServerTls;
import io.meltemi.config.traffic.ServerTls.Mode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** How a listener ends TLS, as Istio's server settings. */
final class ListenerTls {
  private static final String MODE_OPTION = "gateway.istio.io/tls-terminate-mode";
  private static final String CIPHERS_OPTION = "gateway.istio.io/tls-cipher-suites";
  private static final int CERTIFICATES_MAX = 2;

  private final Certificates certificates;
  private final Grants grants;

  ListenerTls(Certificates certificates, Grants grants) {
    this.certificates = certificates;
    this.grants = grants;
  }

  /** Settings that can be used but for the problem, if there is one. */
  record Outcome(ServerTls tls, Optional<Problem> problem) {}

  /** Settings while they are put together. */
  private static final class Draft {
    Mode mode = Mode.SIMPLE;
    String credentialName = "";
    List<String> credentialNames = List.of();
    String caCredentialName = "";
    Optional<Boolean> skipVerify = Optional.empty();
    List<String> cipherSuites = List.of();

    Outcome done() {
      return done(Optional.empty());
    }

    Outcome done(Optional<Problem> problem) {
      return new Outcome(
          new ServerTls(
              false,
              mode,
              new ServerTls.Credentials(
                  new ServerTls.Files("", "", ""),
                  List.of(),
                  credentialName,
                  credentialNames,
                  caCredentialName,
                  ""),
              new ServerTls.Peer(List.of(), List.of(), List.of(), skipVerify),
              ServerTls.ProtocolVersion.TLS_AUTO,
              ServerTls.ProtocolVersion.TLS_AUTO,
              cipherSuites,
              List.of()),
          problem);
    }
  }

  /**
   * The settings of a listener.
   *
   * @param owner Gateway or ListenerSet that the listener is written in
   * @param validation what the gateway asks of clients on the port
   * @param autoPassthrough whether server names choose the service by themselves
   */
  Outcome of(
      Listener.Tls written,
      Parent.Owner owner,
      Optional<FrontendValidation> validation,
      boolean autoPassthrough) {
    Draft draft = new Draft();
    if (written.passthrough()) {
      draft.mode = autoPassthrough ? Mode.AUTO_PASSTHROUGH : Mode.PASSTHROUGH;
      ciphers(draft, written);
      return draft.done();
    }
    String option = written.options().getOrDefault(MODE_OPTION, "");
    switch (option) {
      case "MUTUAL" -> draft.mode = Mode.MUTUAL;
      case "OPTIONAL_MUTUAL" -> draft.mode = Mode.OPTIONAL_MUTUAL;
      case "ISTIO_SIMPLE" -> {
        draft.credentialName = "builtin://";
        return draft.done();
      }
      case "ISTIO_MUTUAL" -> {
        draft.mode = Mode.ISTIO_MUTUAL;
        return draft.done();
      }
      default -> {}
    }
    Optional<Problem> problem = certificates(draft, written, owner);
    if (problem.isEmpty() && validation.isPresent()) {
      problem = validation(draft, validation.get(), owner, option);
    }
    if (problem.isEmpty()) {
      ciphers(draft, written);
    }
    return draft.done(problem);
  }

  private Optional<Problem> certificates(Draft draft, Listener.Tls written, Parent.Owner owner) {
    if (written.certificateRefs().size() > CERTIFICATES_MAX) {
      return Optional.of(
          new Problem(
              "InvalidCertificateRef", "TLS mode can only support up to 2 server certificates"));
    }
    Optional<Problem> problem = Optional.empty();
    List<String> names = new ArrayList<>();
    for (ObjectRef ref : written.certificateRefs()) {
      Optional<Problem> one = certificateProblem(ref, owner);
      if (one.isEmpty()) {
        names.add("kubernetes-gateway://" + ref.namespaceOr(owner.namespace()) + "/" + ref.name());
      } else {
        Problem found = one.get();
        problem = Optional.of(problem.map(earlier -> earlier.and(found)).orElse(found));
      }
    }
    if (names.isEmpty()) {
      return problem;
    }
    if (names.size() == 1) {
      draft.credentialName = names.getFirst();
    } else {
      draft.credentialNames = names;
    }
    return Optional.empty();
  }

  private Optional<Problem> certificateProblem(ObjectRef ref, Parent.Owner owner) {
    // Asked first, so that nobody learns what is in a namespace that did not grant it.
    if (!grants.allows(party(owner), target(ref, "Secret", owner))) {
      return Optional.of(
          new Problem(
              "RefNotPermitted",
              notAccessible("certificateRef", ref, ref.namespaceOr(owner.namespace()), owner)));
    }
    return certificates
        .keyPairProblem(ref, owner.namespace())
        .map(
            why ->
                new Problem(
                    "InvalidCertificateRef",
                    "invalid certificate reference " + Certificates.text(ref) + ", " + why));
  }

  private Optional<Problem> validation(
      Draft draft, FrontendValidation validation, Parent.Owner owner, String option) {
    if (validation.caCertificateRefs().size() > 1) {
      return Optional.of(
          new Problem("InvalidCACertificateRef", "only one caCertificateRef is supported"));
    }
    ObjectRef ref = validation.caCertificateRefs().getFirst();
    String namespace = ref.namespaceOr(owner.namespace());
    boolean secret = ref.is("", "Secret");
    if (!grants.allows(party(owner), target(ref, secret ? "Secret" : "ConfigMap", owner))) {
      return Optional.of(
          new Problem(
              "RefNotPermitted", notAccessible("caCertificateRef", namespace, ref.name(), owner)));
    }
    Optional<Problem> problem = certificates.authorityProblem(ref, owner.namespace());
    if (problem.isPresent()) {
      return problem;
    }
    draft.mode = validation.allowInsecureFallback() ? Mode.OPTIONAL_MUTUAL : Mode.MUTUAL;
    draft.skipVerify = Optional.of(validation.allowInsecureFallback());
    draft.caCredentialName =
        (secret ? "kubernetes-gateway" : "configmap")
            + "://"
            + namespace
            + "/"
            + ref.name()
            + "-cacert";
    if (option.equals("MUTUAL") || option.equals("OPTIONAL_MUTUAL")) {
      draft.mode = option.equals("MUTUAL") ? Mode.MUTUAL : Mode.OPTIONAL_MUTUAL;
      draft.skipVerify = Optional.of(false);
    }
    return Optional.empty();
  }

  private static void ciphers(Draft draft, Listener.Tls written) {
    draft.cipherSuites =
        Arrays.stream(written.options().getOrDefault(CIPHERS_OPTION, "").split(","))
            .map(String::trim)
            .filter(suite -> !suite.isEmpty())
            .distinct()
            .toList();
  }

  static Grants.Party party(Parent.Owner owner) {
    return new Grants.Party(ParentRef.GROUP, owner.kind(), owner.namespace(), "");
  }

  private static Grants.Party target(ObjectRef ref, String kind, Parent.Owner owner) {
    return new Grants.Party("", kind, ref.namespaceOr(owner.namespace()), ref.name());
  }

  private static String notAccessible(
      String field, ObjectRef ref, String namespace, Parent.Owner owner) {
    return notAccessible(field, ref.name(), namespace, owner);
  }

  static String notAccessible(String field, String first, String second, Parent.Owner owner) {
    return field
        + " "
        + first
        + "/"
        + second
        + " not accessible to a Gateway in namespace \""
        + owner.namespace()
        + "\" (missing a ReferenceGrant?)";
  }
}
