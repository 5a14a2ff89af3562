package io.meltemi.config.kind.gatewayapi;

import io.meltemi.config.resource.Metadata;
import io.meltemi.config.yaml.ObjectReader;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads GatewayClass. */
public final class GatewayClassParser {
  private static final Pattern CONTROLLER =
      Pattern.compile(
          "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
              + "/[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+");

  private GatewayClassParser() {}

  public static GatewayClass parse(ObjectReader document, Metadata metadata) {
    document.require("spec", "an object with controllerName");
    return document
        .object("spec", GatewayClassParser::spec)
        .orElseGet(() -> new GatewayClass("", Optional.empty(), ""));
  }

  private static GatewayClass spec(ObjectReader spec) {
    Fields.require(spec, "controllerName", "a name such as istio.io/gateway-controller");
    return new GatewayClass(
        Fields.text(
                spec,
                "controllerName",
                253,
                CONTROLLER,
                "a domain, a slash and a path, such as istio.io/gateway-controller")
            .orElse(""),
        spec.object("parametersRef", Fields::explicitRefAnywhere),
        Fields.text(spec, "description", 0, 64).orElse(""));
  }
}
