package io.meltemi.config.kind.trafficextension;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Code;
import io.meltemi.config.kind.trafficextension.TrafficExtension.FailStrategy;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Lua;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Match;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Mode;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Phase;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Source;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Variable;
import io.meltemi.config.kind.trafficextension.TrafficExtension.Wasm;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.traffic.TargetRef;
import io.meltemi.config.traffic.TargetRefParser;
import io.meltemi.config.yaml.JsonText;
import io.meltemi.config.yaml.ObjectReader;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads TrafficExtension, and WasmPlugin, which is one with a module. */
public final class TrafficExtensionParser {
  private static final int PORT_MAX = 65_535;
  private static final int PLUGIN_NAME_MAX = 255;
  private static final int SECRET_NAME_MAX = 253;
  private static final int VARIABLES_MAX = 256;
  private static final int VARIABLE_NAME_MAX = 256;
  private static final int VARIABLE_VALUE_MAX = 2048;
  private static final int LUA_CHARS_MAX = 65_536;
  private static final List<String> SCHEMES = List.of("oci", "http", "https", "file");
  private static final Pattern SCHEME = Pattern.compile("([a-zA-Z][a-zA-Z0-9+.-]*)://.*");
  private static final Pattern SHA256 = Pattern.compile("[a-f0-9]{64}");

  private static final Code NOTHING = new Lua("");

  /** Names as written; the first is that of no choice. */
  private enum WrittenMode {
    UNDEFINED,
    CLIENT,
    SERVER,
    CLIENT_AND_SERVER
  }

  private enum WrittenType {
    UNSPECIFIED_PLUGIN_TYPE,
    HTTP,
    NETWORK
  }

  private enum WrittenPhase {
    UNSPECIFIED_PHASE,
    AUTHN,
    AUTHZ,
    STATS
  }

  private enum ValueFrom {
    INLINE,
    HOST
  }

  private TrafficExtensionParser() {}

  public static TrafficExtension parse(ObjectReader document, Metadata metadata) {
    return document
        .object("spec", TrafficExtensionParser::spec)
        .orElseGet(
            () -> {
              document.error("spec", "nothing", "an object with wasm or lua");
              return empty();
            });
  }

  /** Reads a WasmPlugin. */
  public static TrafficExtension parsePlugin(ObjectReader document, Metadata metadata) {
    return document
        .object("spec", TrafficExtensionParser::plugin)
        .orElseGet(
            () -> {
              document.error("spec", "nothing", "an object with url");
              return empty();
            });
  }

  private static TrafficExtension empty() {
    return new TrafficExtension(
        Optional.empty(), List.of(), Phase.UNSPECIFIED, OptionalInt.empty(), List.of(), NOTHING);
  }

  private static TrafficExtension spec(ObjectReader reader) {
    Optional<Wasm> wasm = reader.object("wasm", TrafficExtensionParser::wasm);
    Optional<Lua> lua = reader.object("lua", TrafficExtensionParser::lua);
    if (wasm.isPresent() == lua.isPresent()) {
      reader.error(
          "", wasm.isPresent() ? "wasm and lua" : "neither wasm nor lua", "one of the two");
    }
    Phase phase = reader.enumeration("phase", Phase.class).orElse(Phase.UNSPECIFIED);
    return extension(
        reader, phase, wasm.isPresent() ? wasm.get() : lua.isPresent() ? lua.get() : NOTHING);
  }

  private static TrafficExtension plugin(ObjectReader reader) {
    WrittenPhase phase =
        reader.enumeration("phase", WrittenPhase.class).orElse(WrittenPhase.UNSPECIFIED_PHASE);
    return extension(
        reader,
        switch (phase) {
          case UNSPECIFIED_PHASE -> Phase.UNSPECIFIED;
          case AUTHN -> Phase.AUTHN;
          case AUTHZ -> Phase.AUTHZ;
          case STATS -> Phase.STATS;
        },
        wasm(reader));
  }

  private static TrafficExtension extension(ObjectReader reader, Phase phase, Code code) {
    Optional<Labels> selector = Selectors.workloads(reader, "selector", "matchLabels", false);
    List<TargetRef> targets = TargetRefParser.parseAll(reader, selector);
    return new TrafficExtension(
        selector.filter(labels -> !labels.isEmpty()),
        targets,
        phase,
        reader.integer("priority", Integer.MIN_VALUE, Integer.MAX_VALUE),
        reader.objects("match", TrafficExtensionParser::match),
        code);
  }

  private static Match match(ObjectReader reader) {
    WrittenMode mode =
        reader.enumeration("mode", WrittenMode.class).orElse(WrittenMode.CLIENT_AND_SERVER);
    List<Integer> ports =
        reader.objects(
            "ports",
            port -> {
              if (!port.has("number")) {
                port.error("number", "nothing", "a port from 1 to " + PORT_MAX);
              }
              return port.integer("number", 1, PORT_MAX).orElse(0);
            });
    Set<Integer> seen = new HashSet<>();
    for (int i = 0; i < ports.size(); i++) {
      if (ports.get(i) != 0 && !seen.add(ports.get(i))) {
        reader.error("ports", i, ports.get(i) + " again", "each port once");
      }
    }
    return new Match(
        switch (mode) {
          case UNDEFINED, CLIENT_AND_SERVER -> Mode.CLIENT_AND_SERVER;
          case CLIENT -> Mode.CLIENT;
          case SERVER -> Mode.SERVER;
        },
        ports);
  }

  private static Lua lua(ObjectReader reader) {
    String code = reader.string("inlineCode");
    if (code.isEmpty()) {
      reader.error("inlineCode", "nothing", "a script");
    } else if (code.length() > LUA_CHARS_MAX) {
      reader.error("inlineCode", code.length() + " characters", "at most " + LUA_CHARS_MAX);
    }
    return new Lua(code);
  }

  private static Wasm wasm(ObjectReader reader) {
    WrittenType type =
        reader.enumeration("type", WrittenType.class).orElse(WrittenType.UNSPECIFIED_PLUGIN_TYPE);
    String name = reader.string("pluginName");
    if (name.length() > PLUGIN_NAME_MAX) {
      reader.error("pluginName", name.length() + " characters", "at most " + PLUGIN_NAME_MAX);
    }
    String config =
        reader
            .node("pluginConfig")
            .filter(node -> node instanceof YamlMap map && !map.fields().isEmpty())
            .map(JsonText::of)
            .orElse("");
    if (reader.has("pluginConfig") && !(reader.node("pluginConfig").get() instanceof YamlMap)) {
      reader.error("pluginConfig", reader.written("pluginConfig"), "an object");
    }
    reader.string("verificationKey");
    List<Variable> environment =
        reader
            .object(
                "vmConfig",
                vm -> {
                  List<Variable> variables = vm.objects("env", TrafficExtensionParser::variable);
                  checkNames(vm, variables);
                  return variables;
                })
            .orElseGet(List::of);
    return new Wasm(
        source(reader),
        name,
        config,
        reader.enumeration("failStrategy", FailStrategy.class).orElse(FailStrategy.FAIL_CLOSE),
        environment,
        type == WrittenType.NETWORK);
  }

  private static Source source(ObjectReader reader) {
    String url = reader.string("url");
    var scheme = SCHEME.matcher(url);
    if (url.isEmpty()) {
      reader.error("url", "nothing", "where the module is, such as oci://host/name:tag");
    } else if (!isUri(scheme.matches() ? url : "oci://" + url)
        || (scheme.matches() && !SCHEMES.contains(scheme.group(1)))) {
      reader.error(
          "url", '"' + url + '"', "a URL with one of the schemes " + String.join(", ", SCHEMES));
    }
    String sha256 = reader.string("sha256");
    if (!sha256.isEmpty() && !SHA256.matcher(sha256).matches()) {
      reader.error("sha256", '"' + sha256 + '"', "64 hexadecimal digits in lower case");
    }
    String policy = reader.string("imagePullPolicy");
    if (!List.of("", "UNSPECIFIED_POLICY", "IfNotPresent", "Always").contains(policy)) {
      reader.error("imagePullPolicy", '"' + policy + '"', "IfNotPresent or Always");
    }
    String secret = reader.string("imagePullSecret");
    if (secret.length() > SECRET_NAME_MAX) {
      reader.error(
          "imagePullSecret", secret.length() + " characters", "at most " + SECRET_NAME_MAX);
    }
    return new Source(url, sha256, policy.equals("UNSPECIFIED_POLICY") ? "" : policy, secret);
  }

  private static boolean isUri(String text) {
    try {
      return !new URI(text).getSchemeSpecificPart().isEmpty();
    } catch (URISyntaxException _) {
      return false;
    }
  }

  private static Variable variable(ObjectReader reader) {
    String name = reader.string("name");
    String value = reader.string("value");
    ValueFrom from = reader.enumeration("valueFrom", ValueFrom.class).orElse(ValueFrom.INLINE);
    if (name.isEmpty() || name.length() > VARIABLE_NAME_MAX) {
      reader.error(
          "name",
          name.isEmpty() ? "nothing" : name.length() + " characters",
          "a name of at most " + VARIABLE_NAME_MAX + " characters");
    }
    if (value.length() > VARIABLE_VALUE_MAX) {
      reader.error("value", value.length() + " characters", "at most " + VARIABLE_VALUE_MAX);
    }
    if (from == ValueFrom.HOST && reader.has("value")) {
      reader.error("value", "a value with valueFrom HOST", "none; the proxy's own is taken");
    }
    return new Variable(name, value, from == ValueFrom.HOST);
  }

  private static void checkNames(ObjectReader reader, List<Variable> variables) {
    if (variables.size() > VARIABLES_MAX) {
      reader.error("env", variables.size() + " variables", "at most " + VARIABLES_MAX);
    }
    Set<String> names = new HashSet<>();
    for (int i = 0; i < variables.size(); i++) {
      String name = variables.get(i).name();
      if (!name.isEmpty() && !names.add(name)) {
        reader.error("env", i, '"' + name + "\" again", "each name once");
      }
    }
  }
}
