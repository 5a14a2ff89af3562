package io.meltemi.config.kind.inferencepool;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.inferencepool.InferencePool.EndpointPicker;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.yaml.ObjectReader;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Reads InferencePool. */
public final class InferencePoolParser {
  private static final int PORTS_MAX = 8;

  private InferencePoolParser() {}

  public static InferencePool parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with selector and targetPorts");
    return document
        .object("spec", InferencePoolParser::spec)
        .orElseGet(() -> new InferencePool(Labels.EMPTY, List.of(), Optional.empty()));
  }

  private static InferencePool spec(ObjectReader spec) {
    spec.require("selector", "the labels of the pods");
    spec.require("endpointPickerRef", "the service that picks pods");
    Labels selector =
        spec.object("selector", r -> Selectors.labels(r, "matchLabels")).orElse(Labels.EMPTY);
    List<OptionalInt> ports = spec.objects("targetPorts", InferencePoolParser::port);
    if (ports.isEmpty() || ports.size() > PORTS_MAX) {
      spec.error("targetPorts", ports.size() + " ports", "1 to " + PORTS_MAX);
    }
    if (new HashSet<>(ports).size() != ports.size()) {
      spec.error("targetPorts", "a port twice", "each port once");
    }
    spec.string("appProtocol");
    return new InferencePool(
        selector,
        ports.stream().flatMapToInt(OptionalInt::stream).boxed().toList(),
        spec.object("endpointPickerRef", InferencePoolParser::picker));
  }

  private static OptionalInt port(ObjectReader reader) {
    reader.require("number", "a port from 1 to 65535");
    return reader.integer("number", 1, 65535);
  }

  private static EndpointPicker picker(ObjectReader reader) {
    reader.require("name", "the name of a service");
    String group = reader.string("group");
    String kind = reader.optionalString("kind").orElse("Service");
    OptionalInt port =
        reader.object("port", InferencePoolParser::port).orElseGet(OptionalInt::empty);
    if (kind.equals("Service") && !reader.has("port")) {
      reader.error("port", "nothing", "the port of the service");
    }
    String mode = reader.optionalString("failureMode").orElse("FailClose");
    if (!mode.equals("FailClose") && !mode.equals("FailOpen")) {
      reader.error("failureMode", '"' + mode + '"', "FailOpen or FailClose");
    }
    return new EndpointPicker(group, kind, reader.string("name"), port, mode.equals("FailOpen"));
  }
}
