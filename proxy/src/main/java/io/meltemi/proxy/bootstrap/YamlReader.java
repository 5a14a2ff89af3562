package io.meltemi.proxy.bootstrap;

import io.meltemi.proxy.bootstrap.Node.Entry;
import io.meltemi.proxy.bootstrap.Node.ListNode;
import io.meltemi.proxy.bootstrap.Node.MapNode;
import io.meltemi.proxy.bootstrap.Node.Scalar;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Reads one YAML document, JSON included. It knows block and flow collections, plain and quoted
 * scalars, literal and folded block scalars, comments, anchors, aliases and merge keys. It refuses
 * tabs as indentation, tags, complex keys, directives, duplicate keys and a second document.
 *
 * <p>Aliases share the anchored node, so a "billion laughs" document stays small here; nesting and
 * size are bounded.
 */
final class YamlReader {
  private static final int DEPTH_MAX = 100;
  private static final int CHARS_MAX = 32 << 20;

  /** How many values a document may hold once aliases are counted where they are used. */
  private static final long EXPANDED_MAX = 10_000_000;

  private final String text;
  private final Map<String, Node> anchors = new HashMap<>();
  private final IdentityHashMap<Node, Long> sizes = new IdentityHashMap<>();
  private int at;
  private int line = 1;
  private int lineStart;

  private YamlReader(String text) {
    this.text = text;
  }

  /** Reads a whole text; an empty one is a null scalar. */
  static Node read(String text) throws YamlException {
    if (text.length() > CHARS_MAX) {
      throw new YamlException(1, 1, "the document has more than " + CHARS_MAX + " characters");
    }
    YamlReader reader = new YamlReader(text.startsWith("\uFEFF") ? text.substring(1) : text);
    Node node = reader.document();
    if (reader.size(node) > EXPANDED_MAX) {
      throw new YamlException(1, 1, "aliases expand to more than " + EXPANDED_MAX + " values");
    }
    return node;
  }

  private long size(Node node) {
    Long known = sizes.get(node);
    if (known != null) {
      return known;
    }
    long size = 1;
    switch (node) {
      case MapNode map -> {
        for (Entry entry : map.entries().values()) {
          size += size(entry.value());
        }
      }
      case ListNode list -> {
        for (Node item : list.items()) {
          size += size(item);
        }
      }
      case Scalar _ -> {}
    }
    size = Math.min(size, EXPANDED_MAX + 1);
    sizes.put(node, size);
    return size;
  }

  private Node document() throws YamlException {
    skipBlank();
    if (peekMarker("---")) {
      at += 3;
      skipBlank();
    }
    if (ended() || peekMarker("...") || peekMarker("---")) {
      Node nothing = new Scalar("", true, line, column());
      expectEnd();
      return nothing;
    }
    if (text.charAt(at) == '%' && column() == 1) {
      throw error("directives are not read");
    }
    Node node = block(-1, 0);
    expectEnd();
    return node;
  }

  private void expectEnd() throws YamlException {
    skipBlank();
    if (peekMarker("...")) {
      at += 3;
      skipBlank();
    }
    while (peekMarker("---")) {
      at += 3;
      skipBlank();
      if (!ended() && !peekMarker("---") && !peekMarker("...")) {
        throw error("a second document (expected: one)");
      }
    }
    if (!ended()) {
      throw error("unexpected " + shown() + " (expected: the end, or deeper indentation)");
    }
  }

  private boolean peekMarker(String marker) {
    return column() == 1
        && text.startsWith(marker, at)
        && (at + 3 == text.length() || Character.isWhitespace(text.charAt(at + 3)));
  }

  /** Reads the node that starts here and is indented deeper than its parent. */
  private Node block(int parentIndent, int depth) throws YamlException {
    if (depth > DEPTH_MAX) {
      throw error("nesting deeper than " + DEPTH_MAX);
    }
    int indent = column() - 1;
    char c = text.charAt(at);
    if (c == '-' && isBlankAt(at + 1)) {
      return blockList(indent, depth);
    }
    if (c == '?' && isBlankAt(at + 1)) {
      throw error("complex keys are not read");
    }
    if (c == '&') {
      String name = anchorName();
      int nodeLine = line;
      skipSpaces();
      Node node;
      if (atLineEnd()) {
        skipBlank();
        node =
            ended() || column() - 1 <= parentIndent
                ? new Scalar("", true, line, column())
                : block(parentIndent, depth + 1);
      } else {
        node =
            nodeLine == line && isMapHere() ? blockMap(indent, depth) : inline(parentIndent, depth);
      }
      anchors.put(name, node);
      return node;
    }
    if (isMapHere()) {
      return blockMap(indent, depth);
    }
    return inline(parentIndent, depth);
  }

  private Node blockList(int indent, int depth) throws YamlException {
    List<Node> items = new ArrayList<>();
    int startLine = line;
    int startColumn = column();
    while (!ended()
        && column() - 1 == indent
        && text.charAt(at) == '-'
        && isBlankAt(at + 1)
        && !peekMarker("---")) {
      at++;
      skipSpaces();
      if (atLineEnd()) {
        skipBlank();
        items.add(
            ended() || column() - 1 <= indent
                ? new Scalar("", true, line, column())
                : block(indent, depth + 1));
      } else {
        items.add(block(indent, depth + 1));
      }
      skipBlank();
    }
    checkIndent(indent);
    return new ListNode(items, startLine, startColumn);
  }

  private Node blockMap(int indent, int depth) throws YamlException {
    MapNode map = new MapNode(line, column());
    List<MapNode> merged = new ArrayList<>();
    while (!ended() && column() - 1 == indent && !peekMarker("---") && !peekMarker("...")) {
      int keyLine = line;
      int keyColumn = column();
      if (text.charAt(at) == '-' && isBlankAt(at + 1)) {
        break;
      }
      if (!isMapHere()) {
        throw error("found " + shown() + " (expected: key: value)");
      }
      Scalar key = key();
      skipSpaces();
      at++; // the colon
      skipSpaces();
      Node value = mapValue(indent, depth);
      put(map, merged, key, new Entry(keyLine, keyColumn, value));
      skipBlank();
    }
    checkIndent(indent);
    merge(map, merged);
    return map;
  }

  private Node mapValue(int indent, int depth) throws YamlException {
    if (!atLineEnd()) {
      char c = text.charAt(at);
      if (c == '-' && isBlankAt(at + 1)) {
        throw error("a list must start on its own line");
      }
      if (c == '&') {
        String name = anchorName();
        skipSpaces();
        Node node = mapValue(indent, depth + 1);
        anchors.put(name, node);
        return node;
      }
      return inline(indent, depth);
    }
    int emptyLine = line;
    int emptyColumn = column();
    skipBlank();
    if (ended()) {
      return new Scalar("", true, emptyLine, emptyColumn);
    }
    int nextIndent = column() - 1;
    boolean listAtSameIndent =
        nextIndent == indent && text.charAt(at) == '-' && isBlankAt(at + 1) && !peekMarker("---");
    if (nextIndent > indent || listAtSameIndent) {
      return block(listAtSameIndent ? indent - 1 : indent, depth + 1);
    }
    return new Scalar("", true, emptyLine, emptyColumn);
  }

  private void checkIndent(int indent) throws YamlException {
    if (!ended() && column() - 1 > indent) {
      throw error("found " + shown() + " indented deeper than what it belongs to");
    }
  }

  private void put(MapNode map, List<MapNode> merged, Scalar key, Entry entry)
      throws YamlException {
    if (key.plain() && key.text().equals("<<")) {
      switch (entry.value()) {
        case MapNode source -> merged.add(source);
        case ListNode list -> {
          for (Node item : list.items()) {
            if (!(item instanceof MapNode source)) {
              throw new YamlException(item.line(), item.column(), "<<: needs maps");
            }
            merged.add(source);
          }
        }
        case Scalar scalar ->
            throw new YamlException(scalar.line(), scalar.column(), "<<: needs a map");
      }
      return;
    }
    if (map.entries().putIfAbsent(key.text(), entry) != null) {
      throw new YamlException(
          entry.line(), entry.column(), "key \"" + key.text() + "\" stands twice in one map");
    }
  }

  private static void merge(MapNode map, List<MapNode> merged) {
    for (MapNode source : merged) {
      source.entries().forEach(map.entries()::putIfAbsent);
    }
  }

  /** Reads a value that starts on this line. */
  private Node inline(int parentIndent, int depth) throws YamlException {
    if (depth > DEPTH_MAX) {
      throw error("nesting deeper than " + DEPTH_MAX);
    }
    char c = text.charAt(at);
    switch (c) {
      case '|', '>' -> {
        return blockScalar(parentIndent, c == '>');
      }
      case '*' -> {
        return alias();
      }
      case '!' -> throw error("tags are not read");
      case '&', '@', '`', '%' -> throw error("a plain value cannot start with " + c);
      case '{', '[' -> {
        Node node = flow(depth);
        endOfLine();
        return node;
      }
      case '"', '\'' -> {
        Scalar scalar = quoted();
        endOfLine();
        return scalar;
      }
      default -> {
        return plainBlock(parentIndent);
      }
    }
  }

  private void endOfLine() throws YamlException {
    skipSpaces();
    if (!atLineEnd()) {
      throw error("found " + shown() + " behind a value (expected: the end of the line)");
    }
  }

  private Node alias() throws YamlException {
    int startColumn = column();
    at++;
    String name = word();
    Node node = anchors.get(name);
    if (node == null) {
      throw new YamlException(line, startColumn, "alias *" + name + " has no anchor above");
    }
    return node;
  }

  private String anchorName() throws YamlException {
    at++;
    return word();
  }

  private String word() throws YamlException {
    int start = at;
    while (!ended()
        && !Character.isWhitespace(text.charAt(at))
        && ",[]{}".indexOf(text.charAt(at)) < 0) {
      at++;
    }
    if (at == start) {
      throw error("a name is missing");
    }
    return text.substring(start, at);
  }

  /** A plain scalar outside flow collections; it may go on over deeper-indented lines. */
  private Scalar plainBlock(int parentIndent) throws YamlException {
    int startLine = line;
    int startColumn = column();
    StringBuilder value = new StringBuilder();
    int blankLines = 0;
    while (true) {
      int start = at;
      int end = plainEnd(false);
      if (end < text.length() && text.charAt(end) == ':') {
        at = end;
        throw error("a second \": \" in a plain value (expected: quotes around it)");
      }
      if (!value.isEmpty()) {
        value.append(blankLines == 0 ? " " : "\n".repeat(blankLines));
      }
      value.append(text, start, trimEnd(start, end));
      at = end;
      skipComment();
      blankLines = -1;
      int savedAt = at;
      int savedLine = line;
      int savedStart = lineStart;
      while (!ended() && newline()) {
        blankLines++;
        skipIndent();
      }
      boolean goesOn =
          !ended()
              && blankLines >= 0
              && column() - 1 > parentIndent
              && text.charAt(at) != '#'
              && !peekMarker("---")
              && !peekMarker("...")
              && !isMapHere()
              && !(text.charAt(at) == '-' && isBlankAt(at + 1));
      if (!goesOn) {
        at = savedAt;
        line = savedLine;
        lineStart = savedStart;
        return new Scalar(value.toString(), true, startLine, startColumn);
      }
    }
  }

  /** Where a plain scalar on this line ends: at a comment, {@code ": "} or the end of the line. */
  private int plainEnd(boolean inFlow) {
    int i = at;
    while (i < text.length()) {
      char c = text.charAt(i);
      if (c == '\n' || c == '\r') {
        return i;
      }
      if (c == '#' && i > at && isSpace(text.charAt(i - 1))) {
        return i;
      }
      if (c == ':' && (isBlankAt(i + 1) || (inFlow && isFlowEnd(i + 1)))) {
        return i;
      }
      if (inFlow && ",[]{}".indexOf(c) >= 0) {
        return i;
      }
      i++;
    }
    return i;
  }

  private boolean isFlowEnd(int index) {
    return index < text.length() && ",[]{}".indexOf(text.charAt(index)) >= 0;
  }

  private int trimEnd(int start, int end) {
    int i = end;
    while (i > start && isSpace(text.charAt(i - 1))) {
      i--;
    }
    return i;
  }

  /** Whether what starts here, on this line, is a key with its colon. */
  private boolean isMapHere() {
    if (ended()) {
      return false;
    }
    char c = text.charAt(at);
    int i;
    if (c == '"' || c == '\'') {
      i = at + 1;
      while (i < text.length() && text.charAt(i) != '\n') {
        if (text.charAt(i) == '\\' && c == '"') {
          i++;
        } else if (text.charAt(i) == c) {
          if (c == '\'' && i + 1 < text.length() && text.charAt(i + 1) == '\'') {
            i++;
          } else {
            break;
          }
        }
        i++;
      }
      i++;
      while (i < text.length() && isSpace(text.charAt(i))) {
        i++;
      }
      return i < text.length() && text.charAt(i) == ':' && isBlankAt(i + 1);
    }
    if ("[]{},#&*!|>%@`".indexOf(c) >= 0) {
      return false;
    }
    i = plainEnd(false);
    return i < text.length() && text.charAt(i) == ':';
  }

  private Scalar key() throws YamlException {
    char c = text.charAt(at);
    if (c == '"' || c == '\'') {
      return quoted();
    }
    int start = at;
    int startColumn = column();
    int end = plainEnd(false);
    at = end;
    return new Scalar(text.substring(start, trimEnd(start, end)), true, line, startColumn);
  }

  private Scalar quoted() throws YamlException {
    char quote = text.charAt(at);
    int startLine = line;
    int startColumn = column();
    at++;
    StringBuilder value = new StringBuilder();
    while (true) {
      if (ended()) {
        throw new YamlException(startLine, startColumn, "a quote that does not end");
      }
      char c = text.charAt(at);
      if (c == quote) {
        if (quote == '\'' && at + 1 < text.length() && text.charAt(at + 1) == '\'') {
          value.append('\'');
          at += 2;
          continue;
        }
        at++;
        return new Scalar(value.toString(), false, startLine, startColumn);
      }
      if (c == '\n' || c == '\r') {
        foldInQuotes(value);
      } else if (c == '\\' && quote == '"') {
        escape(value);
      } else {
        value.append(c);
        at++;
      }
    }
  }

  private void foldInQuotes(StringBuilder value) {
    while (!value.isEmpty() && isSpace(value.charAt(value.length() - 1))) {
      value.setLength(value.length() - 1);
    }
    int lines = 0;
    while (!ended() && newline()) {
      lines++;
      skipIndent();
    }
    value.append(lines == 1 ? " " : "\n".repeat(lines - 1));
  }

  private void escape(StringBuilder value) throws YamlException {
    if (at + 1 >= text.length()) {
      throw error("an escape that does not end");
    }
    char c = text.charAt(at + 1);
    at += 2;
    switch (c) {
      case '0' -> value.append('\0');
      case 'a' -> value.append('\u0007');
      case 'b' -> value.append('\b');
      case 't' -> value.append('\t');
      case 'n' -> value.append('\n');
      case 'v' -> value.append('\u000B');
      case 'f' -> value.append('\f');
      case 'r' -> value.append('\r');
      case 'e' -> value.append('\u001B');
      case ' ', '"', '/', '\\', '\t' -> value.append(c);
      case 'N' -> value.append('\u0085');
      case '_' -> value.append('\u00A0');
      case 'x' -> value.appendCodePoint(hex(2));
      case 'u' -> value.append((char) hex(4));
      case 'U' -> {
        int point = hex(8);
        if (!Character.isValidCodePoint(point)) {
          throw error("no such character");
        }
        value.appendCodePoint(point);
      }
      case '\r', '\n' -> {
        at--;
        newline();
        skipIndent();
      }
      default -> throw error("unknown escape \\" + c);
    }
  }

  private int hex(int digits) throws YamlException {
    int value = 0;
    for (int i = 0; i < digits; i++) {
      int digit = ended() ? -1 : Character.digit(text.charAt(at), 16);
      if (digit < 0) {
        throw error("a hexadecimal digit is missing");
      }
      value = value << 4 | digit;
      at++;
    }
    return value;
  }

  private Node flow(int depth) throws YamlException {
    if (depth > DEPTH_MAX) {
      throw error("nesting deeper than " + DEPTH_MAX);
    }
    skipFlow();
    int startLine = line;
    int startColumn = column();
    char c = text.charAt(at);
    switch (c) {
      case '[' -> {
        List<Node> items = new ArrayList<>();
        at++;
        skipFlow();
        while (text.charAt(at) != ']') {
          items.add(flow(depth + 1));
          flowSeparator(']');
        }
        at++;
        return new ListNode(items, startLine, startColumn);
      }
      case '{' -> {
        MapNode map = new MapNode(startLine, startColumn);
        List<MapNode> merged = new ArrayList<>();
        at++;
        skipFlow();
        while (text.charAt(at) != '}') {
          flowEntry(map, merged, depth);
          flowSeparator('}');
        }
        at++;
        merge(map, merged);
        return map;
      }
      case '"', '\'' -> {
        return quoted();
      }
      case '*' -> {
        return alias();
      }
      case '&' -> {
        String name = anchorName();
        Node node = flow(depth + 1);
        anchors.put(name, node);
        return node;
      }
      case '!' -> throw error("tags are not read");
      default -> {
        return flowPlain();
      }
    }
  }

  private void flowEntry(MapNode map, List<MapNode> merged, int depth) throws YamlException {
    int keyLine = line;
    int keyColumn = column();
    char c = text.charAt(at);
    Scalar key = c == '"' || c == '\'' ? quoted() : flowPlain();
    skipFlow();
    Node value;
    if (text.charAt(at) == ':') {
      at++;
      skipFlow();
      value =
          text.charAt(at) == ',' || text.charAt(at) == '}'
              ? new Scalar("", true, line, column())
              : flow(depth + 1);
    } else {
      value = new Scalar("", true, line, column());
    }
    put(map, merged, key, new Entry(keyLine, keyColumn, value));
  }

  private Scalar flowPlain() throws YamlException {
    int startLine = line;
    int startColumn = column();
    StringBuilder value = new StringBuilder();
    while (true) {
      int start = at;
      int end = plainEnd(true);
      value.append(text, start, trimEnd(start, end));
      at = end;
      if (ended() || (text.charAt(at) != '\n' && text.charAt(at) != '\r')) {
        break;
      }
      skipFlow();
      if (isFlowEnd(at) || (!ended() && text.charAt(at) == ':')) {
        break;
      }
      value.append(' ');
    }
    if (value.isEmpty()) {
      throw error("found " + (ended() ? "the end" : shown()) + " (expected: a value)");
    }
    return new Scalar(value.toString(), true, startLine, startColumn);
  }

  private void flowSeparator(char close) throws YamlException {
    skipFlow();
    char c = text.charAt(at);
    if (c == ',') {
      at++;
      skipFlow();
    } else if (c != close) {
      throw error("found " + shown() + " (expected: , or " + close + ")");
    }
  }

  private void skipFlow() throws YamlException {
    while (!ended()) {
      char c = text.charAt(at);
      if (c == '#' && (at == 0 || Character.isWhitespace(text.charAt(at - 1)))) {
        skipComment();
      } else if (isSpace(c)) {
        at++;
      } else if (!newline()) {
        return;
      }
    }
    throw error("the text ends inside { } or [ ]");
  }

  private Scalar blockScalar(int parentIndent, boolean folded) throws YamlException {
    int startLine = line;
    int startColumn = column();
    at++;
    char chomp = ' ';
    int explicit = 0;
    while (!ended() && !atLineEnd()) {
      char c = text.charAt(at);
      if (c == '+' || c == '-') {
        chomp = c;
      } else if (c >= '1' && c <= '9') {
        explicit = c - '0';
      } else if (isSpace(c)) {
        skipSpaces();
        continue;
      } else {
        throw error("found " + shown() + " in a block scalar's header");
      }
      at++;
    }
    skipComment();
    newline();
    List<String> lines = new ArrayList<>();
    int indent = explicit > 0 ? Math.max(parentIndent, 0) + explicit : -1;
    while (!ended()) {
      int lineBegin = at;
      int spaces = 0;
      while (at < text.length() && text.charAt(at) == ' ') {
        at++;
        spaces++;
      }
      boolean blank = ended() || text.charAt(at) == '\n' || text.charAt(at) == '\r';
      if (indent < 0 && !blank) {
        indent = spaces;
        if (indent <= parentIndent) {
          at = lineBegin;
          break;
        }
      }
      if (!blank && spaces < indent) {
        at = lineBegin;
        break;
      }
      if (blank) {
        at = Math.min(at, indent < 0 ? at : Math.max(lineBegin, Math.min(at, lineBegin + indent)));
      } else {
        at = lineBegin + indent;
      }
      int start = at;
      while (!ended() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
        at++;
      }
      lines.add(text.substring(start, at));
      if (!newline()) {
        break;
      }
    }
    return new Scalar(join(lines, folded, chomp), false, startLine, startColumn);
  }

  private static String join(List<String> lines, boolean folded, char chomp) {
    int last = lines.size();
    while (last > 0 && lines.get(last - 1).isBlank()) {
      last--;
    }
    StringBuilder value = new StringBuilder();
    for (int i = 0; i < last; i++) {
      String current = lines.get(i);
      value.append(current);
      if (i + 1 < last) {
        String next = lines.get(i + 1);
        boolean keeps =
            !folded || next.isEmpty() || startsIndented(current) || startsIndented(next);
        if (keeps) {
          value.append('\n');
        } else if (!current.isEmpty()) {
          value.append(' ');
        }
      }
    }
    if (chomp == '+') {
      value.append("\n".repeat(lines.size() - last + (last > 0 ? 1 : 0)));
    } else if (chomp != '-' && last > 0) {
      value.append('\n');
    }
    return value.toString();
  }

  private static boolean startsIndented(String line) {
    return !line.isEmpty() && isSpace(line.charAt(0));
  }

  private boolean ended() {
    return at >= text.length();
  }

  private int column() {
    return at - lineStart + 1;
  }

  private static boolean isSpace(char c) {
    return c == ' ' || c == '\t';
  }

  private boolean isBlankAt(int index) {
    return index >= text.length() || Character.isWhitespace(text.charAt(index));
  }

  private boolean atLineEnd() {
    return ended()
        || text.charAt(at) == '\n'
        || text.charAt(at) == '\r'
        || (text.charAt(at) == '#' && (at == 0 || Character.isWhitespace(text.charAt(at - 1))));
  }

  private void skipSpaces() {
    while (!ended() && isSpace(text.charAt(at))) {
      at++;
    }
  }

  private void skipIndent() {
    skipSpaces();
  }

  private void skipComment() {
    skipSpaces();
    if (!ended() && text.charAt(at) == '#') {
      while (!ended() && text.charAt(at) != '\n' && text.charAt(at) != '\r') {
        at++;
      }
    }
  }

  /** Moves over one line end; false when there is none here. */
  private boolean newline() {
    if (ended()) {
      return false;
    }
    char c = text.charAt(at);
    if (c == '\r') {
      at += at + 1 < text.length() && text.charAt(at + 1) == '\n' ? 2 : 1;
    } else if (c == '\n') {
      at++;
    } else {
      return false;
    }
    line++;
    lineStart = at;
    return true;
  }

  /** Moves over spaces, comments and empty lines to the next content. */
  private void skipBlank() throws YamlException {
    while (!ended()) {
      int start = at;
      boolean fresh = at == lineStart;
      skipSpaces();
      if (fresh && !atLineEnd() && text.substring(start, at).indexOf('\t') >= 0) {
        throw error("a tab as indentation (expected: spaces)");
      }
      skipComment();
      if (!newline()) {
        return;
      }
    }
  }

  private YamlException error(String message) {
    return new YamlException(line, column(), message);
  }

  private @Nullable String shown() {
    int end = at;
    while (end < text.length() && end < at + 20 && text.charAt(end) != '\n') {
      end++;
    }
    return "\"" + text.substring(at, end).strip() + "\"";
  }
}
