package io.meltemi.proxy.accesslog.cel;

import com.google.re2j.PatternSyntaxException;
import io.meltemi.common.time.Ticker;
import io.meltemi.proxy.accesslog.cel.Expression.Conversion;
import io.meltemi.proxy.accesslog.cel.Expression.Test;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Reads an expression; made for one text. */
final class ExpressionParser {
  private static final int DEPTH_MAX = 64;
  private static final int LENGTH_MAX = 16_384;

  /** A text that is no expression, or asks for what is not there. */
  static final class Unreadable extends Exception {
    private static final long serialVersionUID = 1L;

    Unreadable(String expected) {
      super(expected);
    }
  }

  private final String text;
  private final Ticker ticker;
  private int at;
  private int depth;

  private ExpressionParser(String text, Ticker ticker) {
    this.text = text;
    this.ticker = ticker;
  }

  static Expression parse(String text, Ticker ticker) throws Unreadable {
    if (text.length() > LENGTH_MAX) {
      throw new Unreadable("at most " + LENGTH_MAX + " characters");
    }
    ExpressionParser parser = new ExpressionParser(text, ticker);
    Expression whole = parser.expression();
    parser.space();
    if (parser.at < text.length()) {
      throw parser.expected("the end of the expression");
    }
    return whole;
  }

  private Unreadable expected(String what) {
    return new Unreadable(what + " at character " + (at + 1));
  }

  private void space() {
    while (at < text.length()) {
      if (Character.isWhitespace(text.charAt(at))) {
        at++;
      } else if (text.startsWith("//", at)) {
        int end = text.indexOf('\n', at);
        at = end < 0 ? text.length() : end;
      } else {
        return;
      }
    }
  }

  private boolean take(String token) {
    space();
    if (!text.startsWith(token, at)) {
      return false;
    }
    at += token.length();
    return true;
  }

  private void require(String token) throws Unreadable {
    if (!take(token)) {
      throw expected("'" + token + "'");
    }
  }

  private Expression expression() throws Unreadable {
    if (++depth > DEPTH_MAX) {
      throw new Unreadable("at most " + DEPTH_MAX + " levels");
    }
    Expression test = or();
    if (take("?")) {
      Expression yes = or();
      require(":");
      test = new Expression.Conditional(test, yes, expression());
    }
    depth--;
    return test;
  }

  private Expression or() throws Unreadable {
    Expression left = and();
    while (take("||")) {
      left = new Expression.Logical(false, left, and());
    }
    return left;
  }

  private Expression and() throws Unreadable {
    Expression left = relation();
    while (take("&&")) {
      left = new Expression.Logical(true, left, relation());
    }
    return left;
  }

  private static final List<String> RELATIONS = List.of("==", "!=", "<=", ">=", "<", ">");

  private Expression relation() throws Unreadable {
    Expression left = sum();
    while (true) {
      Optional<String> operator = RELATIONS.stream().filter(this::take).findFirst();
      if (operator.isPresent()) {
        left = new Expression.Relation(operator.get(), left, sum());
      } else if (takeIn()) {
        left = new Expression.Relation("in", left, sum());
      } else {
        return left;
      }
    }
  }

  private boolean takeIn() {
    space();
    if (text.startsWith("in", at)
        && (at + 2 >= text.length() || !Character.isJavaIdentifierPart(text.charAt(at + 2)))) {
      at += 2;
      return true;
    }
    return false;
  }

  private Expression sum() throws Unreadable {
    Expression left = product();
    while (true) {
      if (take("+")) {
        left = new Expression.Arithmetic('+', left, product());
      } else if (take("-")) {
        left = new Expression.Arithmetic('-', left, product());
      } else {
        return left;
      }
    }
  }

  private Expression product() throws Unreadable {
    Expression left = unary();
    while (true) {
      if (take("*")) {
        left = new Expression.Arithmetic('*', left, unary());
      } else if (take("/")) {
        left = new Expression.Arithmetic('/', left, unary());
      } else if (take("%")) {
        left = new Expression.Arithmetic('%', left, unary());
      } else {
        return left;
      }
    }
  }

  private Expression unary() throws Unreadable {
    space();
    if (text.startsWith("!", at) && !text.startsWith("!=", at)) {
      at++;
      return new Expression.Not(nested());
    }
    if (take("-")) {
      return new Expression.Negative(nested());
    }
    return members();
  }

  private Expression nested() throws Unreadable {
    if (++depth > DEPTH_MAX) {
      throw new Unreadable("at most " + DEPTH_MAX + " levels");
    }
    Expression of = unary();
    depth--;
    return of;
  }

  private Expression members() throws Unreadable {
    Expression of = primary();
    while (true) {
      if (take(".")) {
        String name = name();
        of =
            take("(")
                ? method(of, name, arguments(")"))
                : new Expression.Member(of, new Expression.Literal(name));
      } else if (take("[")) {
        Expression key = expression();
        require("]");
        of = new Expression.Member(of, key);
      } else {
        return of;
      }
    }
  }

  private String name() throws Unreadable {
    space();
    int start = at;
    while (at < text.length()
        && (text.charAt(at) == '_' || Character.isLetterOrDigit(text.charAt(at)))) {
      at++;
    }
    if (start == at || Character.isDigit(text.charAt(start))) {
      at = start;
      throw expected("a name");
    }
    return text.substring(start, at);
  }

  /** Up to the closing mark, which is taken. */
  private List<Expression> arguments(String close) throws Unreadable {
    List<Expression> all = new ArrayList<>();
    while (!take(close)) {
      if (!all.isEmpty()) {
        require(",");
        if (take(close)) {
          break;
        }
      }
      all.add(expression());
    }
    return all;
  }

  private Expression primary() throws Unreadable {
    space();
    if (take("(")) {
      Expression inside = expression();
      require(")");
      return inside;
    }
    if (take("[")) {
      return new Expression.Items(arguments("]"));
    }
    if (take("{")) {
      return entries();
    }
    char c = at < text.length() ? text.charAt(at) : ' ';
    if (c == '"' || c == '\'') {
      return new Expression.Literal(string(false));
    }
    if ((c == 'r' || c == 'R')
        && at + 1 < text.length()
        && (text.charAt(at + 1) == '"' || text.charAt(at + 1) == '\'')) {
      at++;
      return new Expression.Literal(string(true));
    }
    if (Character.isDigit(c) || c == '.') {
      return new Expression.Literal(number());
    }
    int start = at;
    String name = name();
    switch (name) {
      case "true" -> {
        return new Expression.Literal(true);
      }
      case "false" -> {
        return new Expression.Literal(false);
      }
      case "null" -> {
        return new Expression.Literal(Optional.empty());
      }
      default -> {
        if (take("(")) {
          return function(name, arguments(")"));
        }
      }
    }
    Attributes attributes = Attributes.root(name, ticker);
    if (attributes == null) {
      at = start;
      throw expected(
          "one of request, response, connection, source, destination, upstream, metadata, xds,"
              + " filter_state");
    }
    return new Expression.Literal(attributes);
  }

  private Expression entries() throws Unreadable {
    List<Expression.Entry> all = new ArrayList<>();
    while (!take("}")) {
      if (!all.isEmpty()) {
        require(",");
      }
      Expression key = expression();
      require(":");
      all.add(new Expression.Entry(key, expression()));
    }
    return new Expression.Entries(all);
  }

  private Object number() throws Unreadable {
    int start = at;
    boolean hex = text.startsWith("0x", at);
    at += hex ? 2 : 0;
    while (at < text.length() && isOfNumber(text.charAt(at), hex)) {
      at++;
    }
    String digits = text.substring(start, at);
    if (at < text.length() && (text.charAt(at) == 'u' || text.charAt(at) == 'U')) {
      at++;
    }
    try {
      if (hex) {
        return Long.parseLong(digits.substring(2), 16);
      }
      boolean whole = digits.chars().allMatch(Character::isDigit);
      return whole ? (Object) Long.parseLong(digits) : Double.parseDouble(digits);
    } catch (NumberFormatException e) {
      at = start;
      throw expected("a number");
    }
  }

  private boolean isOfNumber(char c, boolean hex) {
    if (hex) {
      return Character.digit(c, 16) >= 0;
    }
    boolean sign = (c == '+' || c == '-') && "eE".indexOf(text.charAt(at - 1)) >= 0;
    return Character.isDigit(c) || c == '.' || c == 'e' || c == 'E' || sign;
  }

  private String string(boolean raw) throws Unreadable {
    int start = at;
    char quote = text.charAt(at);
    String close = String.valueOf(quote).repeat(3);
    if (!text.startsWith(close, at)) {
      close = String.valueOf(quote);
    }
    at += close.length();
    StringBuilder value = new StringBuilder();
    while (!text.startsWith(close, at)) {
      if (at >= text.length()) {
        at = start;
        throw expected("a text that ends");
      }
      char c = text.charAt(at++);
      if (c == '\\' && !raw) {
        escape(value);
      } else {
        value.append(c);
      }
    }
    at += close.length();
    return value.toString();
  }

  private void escape(StringBuilder value) throws Unreadable {
    char c = at < text.length() ? text.charAt(at++) : ' ';
    switch (c) {
      case 'n' -> value.append('\n');
      case 't' -> value.append('\t');
      case 'r' -> value.append('\r');
      case '\\', '\'', '"', '`', '?' -> value.append(c);
      case 'x' -> value.append((char) digits(2));
      case 'u' -> value.append((char) digits(4));
      default -> throw expected("an escape such as \\n or \\x41");
    }
  }

  private int digits(int count) throws Unreadable {
    try {
      int end = Math.min(text.length(), at + count);
      int value = Integer.parseInt(text.substring(at, end), 16);
      at = end;
      return value;
    } catch (NumberFormatException e) {
      throw expected(count + " hexadecimal digits");
    }
  }

  private Expression function(String name, List<Expression> arguments) throws Unreadable {
    if (arguments.size() == 2 && name.equals("matches")) {
      return method(arguments.get(0), name, arguments.subList(1, 2));
    }
    if (arguments.size() != 1) {
      throw expected("a function of this proxy, not " + name);
    }
    Expression of = arguments.getFirst();
    return switch (name) {
      case "has" -> {
        if (of instanceof Expression.Member(Expression owner, Expression.Literal(Object key))
            && key instanceof String field) {
          yield new Expression.Has(owner, field);
        }
        throw expected("has() of a field");
      }
      case "size" -> new Expression.Convert(Conversion.SIZE, of);
      case "int" -> new Expression.Convert(Conversion.INT, of);
      case "uint" -> new Expression.Convert(Conversion.UINT, of);
      case "double" -> new Expression.Convert(Conversion.DOUBLE, of);
      case "string" -> new Expression.Convert(Conversion.STRING, of);
      case "dyn" -> new Expression.Convert(Conversion.DYN, of);
      case "duration" -> new Expression.Convert(Conversion.DURATION, of);
      case "timestamp" -> new Expression.Convert(Conversion.TIMESTAMP, of);
      default -> throw expected("a function of this proxy, not " + name);
    };
  }

  private Expression method(Expression of, String name, List<Expression> arguments)
      throws Unreadable {
    if (name.equals("size") && arguments.isEmpty()) {
      return new Expression.Convert(Conversion.SIZE, of);
    }
    if (arguments.size() != 1) {
      throw expected("a function of this proxy, not " + name);
    }
    Expression argument = arguments.getFirst();
    return switch (name) {
      case "contains" -> new Expression.TextTest(Test.CONTAINS, of, argument);
      case "startsWith" -> new Expression.TextTest(Test.STARTS_WITH, of, argument);
      case "endsWith" -> new Expression.TextTest(Test.ENDS_WITH, of, argument);
      case "matches" -> {
        if (!(argument instanceof Expression.Literal(Object regex))
            || !(regex instanceof String pattern)) {
          throw expected("a regular expression that is written down");
        }
        try {
          yield Expression.Matches.of(of, pattern);
        } catch (PatternSyntaxException e) {
          throw expected("an RE2 regular expression: " + e.getMessage());
        }
      }
      default -> throw expected("a function of this proxy, not " + name);
    };
  }
}
