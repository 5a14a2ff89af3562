package io.meltemi.config.kind.deployment;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.deployment.Deployment.Template;
import io.meltemi.config.kind.pod.PodParser;
import io.meltemi.config.kind.pod.PodSpec;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.Map;

/** Reads Deployment. */
public final class DeploymentParser {
  private static final PodSpec NO_POD =
      new PodSpec(List.of(), List.of(), "default", "", "", "", false);
  private static final Template NO_TEMPLATE = new Template(Labels.EMPTY, Map.of(), NO_POD);

  private DeploymentParser() {}

  private record Marks(Labels labels, Map<String, String> annotations) {}

  public static Deployment parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with selector and template");
    return document
        .object("spec", DeploymentParser::spec)
        .orElseGet(() -> new Deployment(0, Labels.EMPTY, NO_TEMPLATE));
  }

  private static Deployment spec(ObjectReader reader) {
    reader.require("template", "an object with metadata and spec");
    Labels selector =
        reader.object("selector", r -> Selectors.labels(r, "matchLabels")).orElse(Labels.EMPTY);
    Template template = reader.object("template", DeploymentParser::template).orElse(NO_TEMPLATE);
    if (!template.labels().matches(selector)) {
      reader.error(
          "selector",
          selector.values().toString(),
          "labels that the template carries: " + template.labels().values());
    }
    return new Deployment(reader.count("replicas").orElse(1), selector, template);
  }

  private static Template template(ObjectReader reader) {
    Marks marks =
        reader
            .object(
                "metadata",
                r -> new Marks(Selectors.labels(r, "labels"), r.stringMap("annotations")))
            .orElseGet(() -> new Marks(Labels.EMPTY, Map.of()));
    reader.require("spec", "an object with containers");
    return new Template(
        marks.labels(), marks.annotations(), reader.object("spec", PodParser::spec).orElse(NO_POD));
  }
}
