package io.meltemi.config.yaml;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.yaml.YamlNode.YamlField;
import io.meltemi.config.yaml.YamlNode.YamlList;
import io.meltemi.config.yaml.YamlNode.YamlMap;
import io.meltemi.config.yaml.YamlNode.YamlScalar;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Parse;
import org.snakeyaml.engine.v2.common.ScalarStyle;
import org.snakeyaml.engine.v2.events.AliasEvent;
import org.snakeyaml.engine.v2.events.Event;
import org.snakeyaml.engine.v2.events.MappingStartEvent;
import org.snakeyaml.engine.v2.events.ScalarEvent;
import org.snakeyaml.engine.v2.events.SequenceStartEvent;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;

/**
 * Reads YAML (JSON included) into trees. Duplicate keys and unknown tags are errors; anchors,
 * aliases and merge keys work within {@link YamlLimits}. Plain scalars have the types that
 * Kubernetes' own reader gives them, so {@code no} is a boolean.
 */
public final class YamlReader {
  // Plain scalars as go-yaml v2, which Kubernetes uses, resolves them.
  private static final Pattern INTEGER =
      Pattern.compile("[-+]?(0|[1-9][0-9_]*|0[0-7_]+|0o[0-7_]+|0x[0-9a-fA-F_]+|0b[01_]+)");
  private static final Pattern FLOAT =
      Pattern.compile(
          "[-+]?(\\.[0-9]+|[0-9]+(\\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\\.(inf|Inf|INF)|\\.(nan|NaN|NAN)");

  /**
   * What a text holds.
   *
   * @param documents those that could be read to their end; empty documents are left out
   * @param errors why the rest could not be read; empty when the text is whole
   */
  public record Result(List<Document> documents, List<Violation> errors) {
    public Result {
      documents = List.copyOf(documents);
      errors = List.copyOf(errors);
    }

    /** Everything that is wrong, with the whole and with single documents. */
    public List<Violation> allErrors() {
      List<Violation> all = new ArrayList<>();
      documents.forEach(document -> all.addAll(document.errors()));
      all.addAll(errors);
      return all;
    }
  }

  /**
   * One document.
   *
   * @param errors such as a key that is there twice; a document with errors should not be used
   */
  public record Document(YamlNode root, List<Violation> errors) {
    public Document {
      errors = List.copyOf(errors);
    }
  }

  private final String location;
  private final int lineOffset;
  private final YamlLimits limits;
  private final Map<String, Anchored> anchors = new HashMap<>();
  private final List<Violation> errors = new ArrayList<>();
  private Iterator<Event> events = List.<Event>of().iterator();
  private long nodes;

  private record Anchored(YamlNode node, long size, int depth) {}

  /** A subtree with its expanded size and depth. */
  private record Built(YamlNode node, long size, int depth) {}

  private YamlReader(String location, int lineOffset, YamlLimits limits) {
    this.location = location;
    this.lineOffset = lineOffset;
    this.limits = limits;
  }

  /** Reads a text whose first line is the first line of the location. */
  public static Result read(String text, String location, YamlLimits limits) {
    return new YamlReader(location, 0, limits).readAll(text);
  }

  /** Reads a text that stands inside another, after the given line. */
  public static Result readEmbedded(String text, Origin within, YamlLimits limits) {
    return new YamlReader(within.location(), within.line(), limits).readAll(text);
  }

  private Result readAll(String text) {
    List<Document> documents = new ArrayList<>();
    List<Violation> broken = new ArrayList<>();
    if (text.length() > limits.charsMax()) {
      return new Result(
          documents,
          List.of(
              new Violation(
                  Origin.of(location),
                  "",
                  text.length() + " characters",
                  "at most " + limits.charsMax() + "; split the file")));
    }
    LoadSettings settings =
        LoadSettings.builder().setCodePointLimit(Integer.MAX_VALUE).setLabel(location).build();
    try {
      events = new Parse(settings).parseString(text).iterator();
      while (events.hasNext()) {
        Event event = events.next();
        switch (event.getEventId()) {
          case DocumentStart -> anchors.clear();
          case Scalar, SequenceStart, MappingStart, Alias -> {
            Built built = build(event, 1);
            if (documents.size() >= limits.documentsMax()) {
              throw new LimitException(
                  origin(event),
                  "more than " + limits.documentsMax() + " documents",
                  "at most that many; split the file");
            }
            if (!built.node().isNull()) {
              documents.add(new Document(built.node(), errors));
            }
            errors.clear();
          }
          case StreamStart, StreamEnd, DocumentEnd, Comment, SequenceEnd, MappingEnd -> {}
        }
      }
    } catch (LimitException e) {
      broken.add(new Violation(e.origin, "", e.found, e.expected));
    } catch (MarkedYamlEngineException e) {
      broken.add(syntaxError(e));
    } catch (ReaderException e) {
      broken.add(
          new Violation(
              lineOf(text, e.getPosition()),
              "",
              "character U+" + String.format("%04X", e.getCodePoint()),
              "printable text in UTF-8"));
    } catch (YamlEngineException e) {
      broken.add(
          new Violation(Origin.of(location), "", String.valueOf(e.getMessage()), "valid YAML"));
    }
    broken.addAll(errors);
    return new Result(documents, broken);
  }

  private Built build(Event event, int depth) {
    if (depth > limits.depthMax()) {
      throw new LimitException(
          origin(event), "nesting deeper than " + limits.depthMax(), "at most that depth");
    }
    Built built =
        switch (event) {
          case ScalarEvent scalar -> new Built(scalar(scalar), 1, 1);
          case AliasEvent alias -> alias(alias, depth);
          case SequenceStartEvent start -> sequence(start, depth);
          case MappingStartEvent start -> mapping(start, depth);
          default -> throw new IllegalStateException("unexpected event " + event);
        };
    if (!(event instanceof AliasEvent)) {
      count(event, 1);
    }
    anchorOf(event)
        .ifPresent(
            name -> anchors.put(name, new Anchored(built.node(), built.size(), built.depth())));
    return built;
  }

  private void count(Event event, long size) {
    nodes += size;
    if (nodes > limits.nodesMax()) {
      throw new LimitException(
          origin(event),
          "more than " + limits.nodesMax() + " values, aliases followed",
          "at most that many; split the file");
    }
  }

  private static Optional<String> anchorOf(Event event) {
    return switch (event) {
      case ScalarEvent scalar -> scalar.getAnchor().map(Object::toString);
      case SequenceStartEvent start -> start.getAnchor().map(Object::toString);
      case MappingStartEvent start -> start.getAnchor().map(Object::toString);
      default -> Optional.empty();
    };
  }

  private Built alias(AliasEvent alias, int depth) {
    String name = alias.getAlias().toString();
    Anchored anchored = anchors.get(name);
    if (anchored == null) {
      throw new LimitException(
          origin(alias),
          "*" + name,
          "an anchor &" + name + " before this place, and not around it");
    }
    count(alias, anchored.size());
    if (depth + anchored.depth() > limits.depthMax()) {
      throw new LimitException(
          origin(alias), "nesting deeper than " + limits.depthMax(), "at most that depth");
    }
    return new Built(anchored.node(), anchored.size(), anchored.depth());
  }

  private Built sequence(SequenceStartEvent start, int depth) {
    List<YamlNode> items = new ArrayList<>();
    long size = 1;
    int below = 0;
    for (Event event = events.next();
        event.getEventId() != Event.ID.SequenceEnd;
        event = events.next()) {
      Built item = build(event, depth + 1);
      items.add(item.node());
      size += item.size();
      below = Math.max(below, item.depth());
    }
    return new Built(new YamlList(origin(start), items), size, below + 1);
  }

  private Built mapping(MappingStartEvent start, int depth) {
    Map<String, YamlField> fields = new LinkedHashMap<>();
    List<YamlMap> merged = new ArrayList<>();
    long size = 1;
    int below = 0;
    for (Event event = events.next();
        event.getEventId() != Event.ID.MappingEnd;
        event = events.next()) {
      Origin keyOrigin = origin(event);
      Built key = build(event, depth + 1);
      Built value = build(events.next(), depth + 1);
      size += value.size() + 1;
      below = Math.max(below, value.depth());
      if (!(key.node() instanceof YamlScalar(Origin _, String name, ScalarType _))) {
        errors.add(
            new Violation(keyOrigin, "", "a key that is " + key.node().describe(), "a name"));
        continue;
      }
      if (name.equals("<<") && isPlain(event)) {
        merge(keyOrigin, value.node(), merged);
        continue;
      }
      YamlField earlier = fields.putIfAbsent(name, new YamlField(keyOrigin, value.node()));
      if (earlier != null) {
        errors.add(
            new Violation(
                keyOrigin,
                "",
                "key \"" + name + "\" twice",
                "each key once; the first is on line " + earlier.key().line()));
      }
    }
    for (YamlMap other : merged) {
      other.fields().forEach(fields::putIfAbsent);
    }
    return new Built(new YamlMap(origin(start), fields), size, below + 1);
  }

  private static boolean isPlain(Event event) {
    return event instanceof ScalarEvent scalar && scalar.getScalarStyle() == ScalarStyle.PLAIN;
  }

  private void merge(Origin key, YamlNode value, List<YamlMap> merged) {
    switch (value) {
      case YamlMap map -> merged.add(map);
      case YamlList list -> list.items().forEach(item -> merge(key, item, merged));
      case YamlScalar scalar ->
          errors.add(new Violation(key, "<<", scalar.describe(), "an alias of an object to merge"));
    }
  }

  private YamlScalar scalar(ScalarEvent event) {
    Origin origin = origin(event);
    String text = event.getValue();
    Optional<String> tag = event.getTag();
    if (tag.isPresent() && !tag.get().equals("!")) {
      return switch (tag.get()) {
        case "tag:yaml.org,2002:str", "tag:yaml.org,2002:binary", "tag:yaml.org,2002:timestamp" ->
            new YamlScalar(origin, text, ScalarType.STRING);
        case "tag:yaml.org,2002:int",
            "tag:yaml.org,2002:float",
            "tag:yaml.org,2002:bool",
            "tag:yaml.org,2002:null" ->
            new YamlScalar(origin, text, typeOf(text));
        default -> {
          errors.add(new Violation(origin, "", "tag " + tag.get(), "no tag"));
          yield new YamlScalar(origin, text, ScalarType.STRING);
        }
      };
    }
    ScalarType type =
        event.getScalarStyle() == ScalarStyle.PLAIN ? typeOf(text) : ScalarType.STRING;
    return new YamlScalar(origin, text, type);
  }

  private static ScalarType typeOf(String text) {
    return switch (text) {
      case "", "~", "null", "Null", "NULL" -> ScalarType.NULL;
      case "true", "True", "TRUE", "false", "False", "FALSE" -> ScalarType.BOOLEAN;
      case "yes", "Yes", "YES", "no", "No", "NO" -> ScalarType.BOOLEAN;
      case "on", "On", "ON", "off", "Off", "OFF" -> ScalarType.BOOLEAN;
      default -> {
        char first = text.charAt(0);
        if (!(first >= '0' && first <= '9') && first != '-' && first != '+' && first != '.') {
          yield ScalarType.STRING;
        }
        if (INTEGER.matcher(text).matches()) {
          yield ScalarType.INTEGER;
        }
        yield FLOAT.matcher(text).matches() ? ScalarType.FLOAT : ScalarType.STRING;
      }
    };
  }

  private Origin origin(Event event) {
    return event.getStartMark().map(this::origin).orElseGet(() -> Origin.of(location));
  }

  private Origin origin(Mark mark) {
    // inside another text the indentation around it is not known
    int column = lineOffset > 0 ? 0 : mark.getColumn() + 1;
    return new Origin(location, lineOffset + mark.getLine() + 1, column);
  }

  private Origin lineOf(String text, int position) {
    int line = 1;
    for (int i = 0; i < Math.min(position, text.length()); i++) {
      if (text.charAt(i) == '\n') {
        line++;
      }
    }
    return new Origin(location, lineOffset + line, 0);
  }

  private Violation syntaxError(MarkedYamlEngineException e) {
    Origin origin =
        e.getProblemMark()
            .or(e::getContextMark)
            .map(this::origin)
            .orElseGet(() -> Origin.of(location));
    String problem = e.getProblem();
    if (problem.contains("TAB")) {
      return new Violation(origin, "", "a tab character", "spaces for indentation");
    }
    if (problem.startsWith("mapping values are not allowed")) {
      return new Violation(
          origin,
          "",
          "a second \":\" where a value goes",
          "one key per line at one indentation, or quotes around the value");
    }
    if (problem.startsWith("could not find expected ':'")) {
      return new Violation(origin, "", "a line without \":\"", "key: value");
    }
    if (problem.startsWith("expected <block end>")) {
      return new Violation(
          origin,
          "",
          "a line whose indentation fits no line above",
          "the indentation of the keys or dashes it belongs to");
    }
    if (problem.contains("<stream end>") || problem.contains("unexpected end of stream")) {
      return new Violation(
          origin, "", "the end of the text", "what closes an open quote, '[' or '{'");
    }
    String context = Objects.requireNonNullElse(e.getContext(), "").trim();
    return new Violation(
        origin,
        "",
        problem.trim().replace('\n', ' ') + (context.isEmpty() ? "" : " " + context),
        "valid YAML; look at the indentation and quotes of this line and the one before");
  }

  /** Stops the reading of one text. */
  private static final class LimitException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient Origin origin;
    private final String found;
    private final String expected;

    LimitException(Origin origin, String found, String expected) {
      super(found, null, false, false);
      this.origin = origin;
      this.found = found;
      this.expected = expected;
    }
  }
}
