package io.meltemi.config.kind.authorizationpolicy;

import io.meltemi.common.labels.Labels;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Action;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Condition;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Operation;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Rule;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Source;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Values;
import io.meltemi.config.kind.authorizationpolicy.AuthorizationPolicy.Workload;
import io.meltemi.config.resource.Metadata;
import io.meltemi.config.resource.Names;
import io.meltemi.config.traffic.Selectors;
import io.meltemi.config.traffic.TargetRef;
import io.meltemi.config.traffic.TargetRefParser;
import io.meltemi.config.yaml.ObjectReader;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** Reads AuthorizationPolicy. */
public final class AuthorizationPolicyParser {
  private static final String DRY_RUN = "istio.io/dry-run";
  private static final int RULES_MAX = 512;
  private static final int ACCOUNTS_MAX = 16;
  private static final int ACCOUNT_CHARS_MAX = 320;
  private static final int PORT_MAX = 65_535;

  /** Keys of conditions; the first group is of those that hold addresses. */
  private static final Pattern ADDRESS_KEY =
      Pattern.compile("source\\.ip|remote\\.ip|destination\\.ip");

  private static final Pattern TEXT_KEY =
      Pattern.compile(
          "source\\.(namespace|principal|serviceAccount|trustDomain)"
              + "|request\\.auth\\.(principal|audiences|presenter)"
              + "|connection\\.sni|destination\\.port"
              + "|request\\.headers\\[[^\\[\\]]+\\]"
              + "|request\\.auth\\.claims(\\[[^\\[\\]]+\\])+"
              + "|experimental\\.envoy\\.filters\\.[^\\[\\]]+\\[[^\\[\\]]+\\]");

  /** What a provider is not asked about. */
  private static final Pattern NOT_CUSTOM_KEY =
      Pattern.compile(
          "source\\.(namespace|principal|serviceAccount|trustDomain)|request\\.auth\\..*");

  private static final List<String> NOT_CUSTOM_SOURCES =
      List.of("principals", "requestPrincipals", "namespaces", "serviceAccounts", "trustDomains");

  private AuthorizationPolicyParser() {}

  public static AuthorizationPolicy parse(ObjectReader document, Metadata metadata) {
    AuthorizationPolicy policy =
        document
            .object("spec", AuthorizationPolicyParser::spec)
            .orElseGet(
                () ->
                    new AuthorizationPolicy(
                        Optional.empty(), List.of(), Action.ALLOW, List.of(), ""));
    String dryRun = metadata.annotations().get(DRY_RUN);
    if (dryRun != null) {
      if (!dryRun.equals("true") && !dryRun.equals("false")) {
        document.error("metadata", DRY_RUN + ": " + dryRun, "true or false");
      } else if (policy.action() == Action.AUDIT || policy.action() == Action.CUSTOM) {
        document.error("metadata", DRY_RUN, "no such annotation with action " + policy.action());
      }
    }
    return policy;
  }

  private static AuthorizationPolicy spec(ObjectReader reader) {
    Optional<Labels> selector = Selectors.workloads(reader, "selector", "matchLabels", false);
    List<TargetRef> targets = TargetRefParser.parseAll(reader, selector);
    Action action = reader.enumeration("action", Action.class).orElse(Action.ALLOW);
    String provider = reader.object("provider", r -> r.string("name")).orElse("");
    checkProvider(reader, action, provider);
    List<Rule> rules = reader.objects("rules", rule -> rule(rule, action));
    if (rules.size() > RULES_MAX) {
      reader.error("rules", rules.size() + " rules", "at most " + RULES_MAX);
    }
    if (reader.size("rules") == 0 && (action == Action.DENY || action == Action.CUSTOM)) {
      reader.error("rules", "nothing", "a rule; '{}' matches every request");
    }
    return new AuthorizationPolicy(
        selector.filter(labels -> !labels.isEmpty()), targets, action, rules, provider);
  }

  private static void checkProvider(ObjectReader reader, Action action, String provider) {
    if (action == Action.CUSTOM) {
      if (provider.isEmpty()) {
        reader.error(
            "provider", "nothing", "provider.name of one of the mesh's extensionProviders");
      }
    } else if (reader.has("provider")) {
      reader.error("provider", "provider with action " + action, "action CUSTOM beside it");
    }
  }

  private static Rule rule(ObjectReader reader, Action action) {
    Rule rule =
        new Rule(
            reader.objects("from", from -> source(from, action)),
            reader.objects("to", AuthorizationPolicyParser::operation),
            reader.objects("when", when -> condition(when, action)));
    if (action == Action.DENY && isOfRequestsAlone(rule)) {
      reader.warn(
          "",
          "only attributes of HTTP in a DENY rule",
          "ports beside them; on ports of other protocols the rule denies everything");
    }
    return rule;
  }

  /** True when nothing of the rule's operations is left where there are no requests. */
  private static boolean isOfRequestsAlone(Rule rule) {
    return rule.to().stream().anyMatch(operation -> operation.ports().isEmpty());
  }

  private static Source source(ObjectReader reader, Action action) {
    reader.require("source", "an object such as {principals: [...]}");
    return reader
        .object("source", source -> sourceBlock(source, action))
        .orElseGet(
            () -> {
              Values none = new Values(List.of(), List.of());
              return new Source(new Workload(none, none, none, none), none, none, none);
            });
  }

  private static Source sourceBlock(ObjectReader reader, Action action) {
    Values principals = values(reader, "principals");
    Values accounts = values(reader, "serviceAccounts");
    Values namespaces = values(reader, "namespaces");
    Source source =
        new Source(
            new Workload(principals, accounts, namespaces, values(reader, "trustDomains")),
            values(reader, "requestPrincipals"),
            addresses(reader, "ipBlocks"),
            addresses(reader, "remoteIpBlocks"));
    if (!accounts.isEmpty()) {
      if (!principals.isEmpty() || !namespaces.isEmpty()) {
        reader.error(
            "serviceAccounts",
            "serviceAccounts beside principals or namespaces",
            "only one of them");
      }
      checkAccounts(reader, "serviceAccounts", accounts.values());
      checkAccounts(reader, "notServiceAccounts", accounts.notValues());
    }
    boolean empty =
        principals.isEmpty()
            && accounts.isEmpty()
            && namespaces.isEmpty()
            && source.workload().trustDomains().isEmpty()
            && source.requestPrincipals().isEmpty()
            && source.ipBlocks().isEmpty()
            && source.remoteIpBlocks().isEmpty();
    if (empty) {
      reader.error("", "nothing set", "at least one attribute of a source");
    }
    if (action == Action.CUSTOM) {
      for (String field : NOT_CUSTOM_SOURCES) {
        for (String name : List.of(field, negated(field))) {
          if (reader.has(name)) {
            reader.error(name, reader.written(name), "no such attribute with action CUSTOM");
          }
        }
      }
    }
    return source;
  }

  private static void checkAccounts(ObjectReader reader, String field, List<String> accounts) {
    if (accounts.size() > ACCOUNTS_MAX) {
      reader.error(field, accounts.size() + " accounts", "at most " + ACCOUNTS_MAX);
    }
    for (int i = 0; i < accounts.size(); i++) {
      String account = accounts.get(i);
      if (account.length() > ACCOUNT_CHARS_MAX) {
        reader.error(field, i, account.length() + " characters", "at most " + ACCOUNT_CHARS_MAX);
      } else if (account.contains("*") || account.split("/", -1).length > 2) {
        reader.error(field, i, '"' + account + '"', "namespace/account or account, no wildcard");
      }
    }
  }

  private static Operation operation(ObjectReader reader) {
    reader.require("operation", "an object such as {methods: [GET]}");
    Values none = new Values(List.of(), List.of());
    return reader
        .object("operation", AuthorizationPolicyParser::operationBlock)
        .orElseGet(() -> new Operation(none, none, none, none));
  }

  private static Operation operationBlock(ObjectReader reader) {
    Values ports = values(reader, "ports");
    checkPorts(reader, "ports", ports.values());
    checkPorts(reader, "notPorts", ports.notValues());
    Values paths = values(reader, "paths");
    checkPaths(reader, "paths", paths.values());
    checkPaths(reader, "notPaths", paths.notValues());
    Operation operation =
        new Operation(values(reader, "hosts"), ports, values(reader, "methods"), paths);
    if (operation.hosts().isEmpty()
        && ports.isEmpty()
        && operation.methods().isEmpty()
        && paths.isEmpty()) {
      reader.error("", "nothing set", "hosts, ports, methods or paths");
    }
    return operation;
  }

  private static Values values(ObjectReader reader, String field) {
    return new Values(texts(reader, field), texts(reader, negated(field)));
  }

  private static String negated(String field) {
    return "not" + Character.toUpperCase(field.charAt(0)) + field.substring(1);
  }

  private static List<String> texts(ObjectReader reader, String field) {
    List<String> texts = reader.strings(field);
    for (int i = 0; i < texts.size(); i++) {
      if (texts.get(i).isEmpty()) {
        reader.error(field, i, "\"\"", "at least one character");
      }
    }
    return texts;
  }

  private static Values addresses(ObjectReader reader, String field) {
    Values values = values(reader, field);
    checkAddresses(reader, field, values.values());
    checkAddresses(reader, negated(field), values.notValues());
    return values;
  }

  private static void checkAddresses(ObjectReader reader, String field, List<String> addresses) {
    for (int i = 0; i < addresses.size(); i++) {
      if (!Names.isIpOrCidr(addresses.get(i))) {
        reader.error(
            field, i, '"' + addresses.get(i) + '"', "an address or a range such as 10.0.0.0/8");
      }
    }
  }

  private static void checkPorts(ObjectReader reader, String field, List<String> ports) {
    for (int i = 0; i < ports.size(); i++) {
      if (!isPort(ports.get(i))) {
        reader.error(field, i, '"' + ports.get(i) + '"', "a port from 0 to 65535");
      }
    }
  }

  private static boolean isPort(String text) {
    return !text.isEmpty()
        && text.length() <= 5
        && text.chars().allMatch(c -> c >= '0' && c <= '9')
        && Integer.parseInt(text) <= PORT_MAX;
  }

  /** A path with {@code {*}} or {@code {**}} is a template: each stands for whole segments. */
  private static void checkPaths(ObjectReader reader, String field, List<String> paths) {
    for (int i = 0; i < paths.size(); i++) {
      String path = paths.get(i);
      if (!path.contains("{") && !path.contains("}")) {
        continue;
      }
      boolean good = path.startsWith("/");
      for (String segment : path.substring(good ? 1 : 0).split("/", -1)) {
        boolean template = segment.equals("{*}") || segment.equals("{**}");
        good &= template || !segment.matches(".*[*{}].*");
      }
      int all = path.indexOf("{**}");
      good &= all < 0 || path.indexOf('{', all + 1) < 0;
      if (!good) {
        reader.error(
            field,
            i,
            '"' + path + '"',
            "{*} or {**} as whole segments, {**} the last of them, and no other '*', '{' or '}'");
      }
    }
  }

  private static Condition condition(ObjectReader reader, Action action) {
    String key = reader.string("key");
    Values values = new Values(texts(reader, "values"), texts(reader, "notValues"));
    boolean address = ADDRESS_KEY.matcher(key).matches();
    if (key.isEmpty()) {
      reader.error("key", "nothing", "an attribute such as request.headers[x-user]");
    } else if (!address && !TEXT_KEY.matcher(key).matches()) {
      reader.error("key", '"' + key + '"', "an attribute such as request.headers[x-user]");
    } else if (values.isEmpty()) {
      reader.error("", "neither values nor notValues", "at least one value for " + key);
    }
    if (action == Action.CUSTOM && NOT_CUSTOM_KEY.matcher(key).matches()) {
      reader.error("key", '"' + key + '"', "no such attribute with action CUSTOM");
    }
    if (address) {
      checkAddresses(reader, "values", values.values());
      checkAddresses(reader, "notValues", values.notValues());
    } else if (key.equals("destination.port")) {
      checkPorts(reader, "values", values.values());
      checkPorts(reader, "notValues", values.notValues());
    }
    return new Condition(key, values);
  }
}
