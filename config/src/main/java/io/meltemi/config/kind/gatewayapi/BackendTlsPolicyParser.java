package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.kind.gatewayapi.BackendTlsPolicy.SubjectAltName;
import io.meltemi.config.kind.gatewayapi.BackendTlsPolicy.Validation;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads BackendTLSPolicy. */
public final class BackendTlsPolicyParser {
  private static final Validation NO_VALIDATION = new Validation(List.of(), "", "", List.of());
  private static final Pattern WELL_KNOWN =
      Pattern.compile(
          "System|[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
              + "/([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9]");
  private static final Pattern URI = Pattern.compile("[^:/?#]+://[^/?#]*[^?#]*(\\?[^#]*)?(#.*)?");

  private BackendTlsPolicyParser() {}

  public static BackendTlsPolicy parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with targetRefs and validation");
    return document
        .object("spec", BackendTlsPolicyParser::spec)
        .orElseGet(() -> new BackendTlsPolicy(List.of(), NO_VALIDATION, Map.of()));
  }

  private static BackendTlsPolicy spec(ObjectReader spec) {
    Fields.require(spec, "validation", "how the backend is checked");
    Map<String, String> options = spec.stringMap("options");
    Fields.entries(spec, "options", options, 16);
    return new BackendTlsPolicy(
        targetRefs(spec, true),
        spec.object("validation", BackendTlsPolicyParser::validation).orElse(NO_VALIDATION),
        options);
  }

  /** The targets of a policy. */
  static List<PolicyTarget> targetRefs(ObjectReader spec, boolean sections) {
    Fields.require(spec, "targetRefs", "at least one target");
    List<PolicyTarget> targets = spec.objects("targetRefs", r -> target(r, sections));
    Fields.size(spec, "targetRefs", 1, 16);
    for (int i = 0; i < targets.size(); i++) {
      PolicyTarget one = targets.get(i);
      for (PolicyTarget other : targets.subList(0, i)) {
        boolean same =
            one.group().equals(other.group())
                && one.kind().equals(other.kind())
                && one.name().equals(other.name());
        if (same
            && (one.sectionName().equals(other.sectionName())
                || one.sectionName().isPresent() != other.sectionName().isPresent())) {
          spec.error(
              "targetRefs",
              i,
              one.kind() + " " + one.name() + " again",
              sections
                  ? "another sectionName in each reference to one target"
                  : "each target once");
        }
      }
    }
    return targets;
  }

  private static PolicyTarget target(ObjectReader reader, boolean sections) {
    ObjectRef ref = Fields.explicitRef(reader);
    return new PolicyTarget(
        ref.group(),
        ref.kind(),
        ref.name(),
        sections ? Fields.sectionName(reader, "sectionName") : Optional.empty());
  }

  private static Validation validation(ObjectReader reader) {
    List<ObjectRef> refs = reader.objects("caCertificateRefs", Fields::explicitRef);
    Fields.size(reader, "caCertificateRefs", 0, 8);
    String wellKnown =
        Fields.text(
                reader,
                "wellKnownCACertificates",
                253,
                WELL_KNOWN,
                "System, or a domain, a slash and a name")
            .orElse("");
    if (refs.isEmpty() == wellKnown.isEmpty()) {
      reader.error(
          "",
          refs.isEmpty()
              ? "neither caCertificateRefs nor wellKnownCACertificates"
              : "caCertificateRefs and wellKnownCACertificates",
          "one of them");
    }
    Fields.require(reader, "hostname", "the name of the backend");
    List<SubjectAltName> names =
        reader.objects("subjectAltNames", BackendTlsPolicyParser::subjectAltName);
    Fields.size(reader, "subjectAltNames", 0, 5);
    return new Validation(
        refs, wellKnown, Fields.hostname(reader, "hostname", false).orElse(""), names);
  }

  private static SubjectAltName subjectAltName(ObjectReader reader) {
    Fields.require(reader, "type", "Hostname or URI");
    boolean uri =
        Fields.word(reader, "type", List.of("Hostname", "URI")).orElse("Hostname").equals("URI");
    Optional<String> hostname = Fields.hostname(reader, "hostname", true);
    Optional<String> address =
        Fields.text(reader, "uri", 253, URI, "a URI with a scheme and a host");
    String field = uri ? "uri" : "hostname";
    String other = uri ? "hostname" : "uri";
    Fields.require(reader, field, "the name of type " + (uri ? "URI" : "Hostname"));
    if (reader.has(other)) {
      reader.error(other, "a " + other, "none for type " + (uri ? "URI" : "Hostname"));
    }
    return new SubjectAltName(uri, (uri ? address : hostname).orElse(""));
  }
}
