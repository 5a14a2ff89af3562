package io.meltemi.config.kind.ingress;

import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;

/** Reads IngressClass. */
public final class IngressClassParser {
  private static final int CONTROLLER_MAX = 250;

  private IngressClassParser() {}

  public static IngressClass parse(ObjectReader document, Metadata metadata) {
    return new IngressClass(
        document
            .object(
                "spec",
                spec -> {
                  String controller = spec.string("controller");
                  if (controller.length() > CONTROLLER_MAX || controller.indexOf('/') == 0) {
                    spec.error(
                        "controller",
                        '"' + controller + '"',
                        "a domain and a path such as istio.io/ingress-controller");
                  }
                  return controller;
                })
            .orElse(""));
  }
}
