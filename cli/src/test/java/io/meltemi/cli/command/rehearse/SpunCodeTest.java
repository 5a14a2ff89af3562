package io.meltemi.cli.command.rehearse;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeModel;
import java.lang.classfile.instruction.InvokeDynamicInstruction;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SpunCodeTest {
  /** Each kind of switch and of component that the transformation knows. */
  static final class Subject implements Supplier<String> {
    sealed interface Shape {}

    record Circle(double radius) implements Shape {}

    record Named(String name, Shape inner) implements Shape {}

    record All(
        boolean a,
        byte b,
        char c,
        short d,
        int e,
        long f,
        float g,
        double h,
        Object i,
        @Nullable String j)
        implements Shape {}

    record Empty() implements Shape {}

    enum Colour {
      RED
    }

    interface InAnInterface {
      static String kind(Object object) {
        return switch (object) {
          case List<?> list when list.isEmpty() -> "empty list";
          case List<?> _ -> "list";
          case int[] numbers -> "numbers " + numbers.length;
          default -> "other";
        };
      }
    }

    private static String describe(Object object) {
      return switch (object) {
        case null -> "null";
        case Named(String name, Circle(double radius)) when radius > 1 -> name + " big " + radius;
        case Named(String name, Circle _) -> name + " small";
        case Named(String name, Shape inner) -> name + " of " + describe(inner);
        case Circle circle -> "circle " + circle.radius();
        case All all -> "all " + all.j();
        case Shape shape -> "shape " + shape.equals(new Empty());
        case Colour colour -> "colour " + colour.ordinal();
        case String text when text.equals("x") -> "x";
        default -> "other";
      };
    }

    /** Has labels that are no types: it is left as it was. */
    private static String mixed(String text) {
      return switch (text) {
        case "y" -> "yes";
        case String other when other.length() > 3 -> "long";
        default -> "short";
      };
    }

    private static All all(float g, @Nullable String j) {
      return new All(true, (byte) 2, '3', (short) 4, 5, 6L, g, 8.5, List.of(j == null), j);
    }

    @Override
    public String get() {
      StringBuilder out = new StringBuilder();
      Object[] objects = {
        null,
        new Named("a", new Circle(2)),
        new Named("b", new Circle(1)),
        new Named("c", new Named("d", new Circle(3))),
        new Named("e", new Empty()),
        new Circle(4),
        all(7, "text"),
        new Empty(),
        Colour.RED,
        "x",
        "y",
        "z"
      };
      for (Object object : objects) {
        out.append(describe(object)).append('\n');
      }
      for (Object object : new Object[] {List.of(), List.of(1), new int[3], 'x'}) {
        out.append(InAnInterface.kind(object)).append('\n');
      }
      out.append(mixed("y")).append(mixed("yyyy")).append(mixed("z"));
      out.append(new Named("n", new Circle(0.0)).hashCode()).append(' ');
      out.append(new Named("n", new Circle(0.0)).equals(new Named("n", new Circle(0.0))));
      out.append(new Named("n", new Circle(0.0)).equals(new Named("n", new Circle(-0.0))));
      out.append(new Circle(Double.NaN).equals(new Circle(Double.NaN)));
      out.append(new Empty().equals(new Empty())).append(new Empty().hashCode());
      All one = all(7, "j");
      All other = new All(true, (byte) 2, '3', (short) 4, 5, 6L, 7, 8.5, one.i(), "j");
      All third = new All(true, (byte) 2, '3', (short) 4, 5, 9L, 7, 8.5, one.i(), "j");
      out.append(one.equals(other)).append(one.hashCode() == other.hashCode());
      out.append(one.equals(third))
          .append(Objects.equals(one, null))
          .append(one.equals((Object) "j"));
      out.append(all(7, null).equals(one)).append(all(Float.NaN, "j").equals(one));
      out.append(
          new All(false, (byte) 1, 'c', (short) 2, 3, 4L, 5f, 6d, one.i(), null).equals(one));
      return out.append(new Circle(5)).toString();
    }
  }

  @Test
  void doesTheSameWithoutSpinning() throws Exception {
    WritingLoader loader = new WritingLoader();
    Class<?> subject = loader.loadClass(Subject.class.getName());
    assertNotSame(Subject.class, subject);
    var made = subject.getDeclaredConstructor();
    made.setAccessible(true);
    assertEquals(new Subject().get(), ((Supplier<?>) made.newInstance()).get());
    assertEquals(6, loader.written, "the subject, its interface and its four records");
  }

  @Test
  void nothingOfARecordIsSpunButItsText() throws IOException {
    String name = Subject.All.class.getName().replace('.', '/') + ".class";
    byte[] written = SpunCode.writeOut(name, bytes(name));
    assertTrue(ClassFile.of().verify(written).isEmpty());
    List<String> spun =
        ClassFile.of().parse(written).methods().stream()
            .flatMap(method -> method.code().stream())
            .flatMap(CodeModel::elementStream)
            .filter(InvokeDynamicInstruction.class::isInstance)
            .map(element -> ((InvokeDynamicInstruction) element).name().stringValue())
            .toList();
    assertEquals(List.of("toString"), spun);
  }

  @Test
  void otherClassesAreLeftAlone() throws IOException {
    String own = SpunCode.class.getName().replace('.', '/') + ".class";
    byte[] content = bytes(own);
    assertArrayEquals(content, SpunCode.writeOut("com/example/Other.class", content));
    assertArrayEquals(new byte[] {1}, SpunCode.writeOut("io/meltemi/x.txt", new byte[] {1}));
    String plain = Path.class.getName().replace('.', '/') + ".class";
    assertArrayEquals(bytes(plain), SpunCode.writeOut("io/meltemi/Plain.class", bytes(plain)));
  }

  private static byte[] bytes(String name) throws IOException {
    try (InputStream in = SpunCodeTest.class.getClassLoader().getResourceAsStream(name)) {
      if (in == null) {
        throw new IOException(name + " is not there");
      }
      return in.readAllBytes();
    }
  }

  /** Has classes of the subject of its own, written out. */
  private static final class WritingLoader extends ClassLoader {
    private int written;

    WritingLoader() {
      super(SpunCodeTest.class.getClassLoader());
    }

    @Override
    protected Class<?> loadClass(String name, boolean resolve) throws ClassNotFoundException {
      if (!name.startsWith(Subject.class.getName())) {
        return super.loadClass(name, resolve);
      }
      synchronized (getClassLoadingLock(name)) {
        Class<?> loaded = findLoadedClass(name);
        return loaded != null ? loaded : define(name);
      }
    }

    private Class<?> define(String name) throws ClassNotFoundException {
      try {
        String file = name.replace('.', '/') + ".class";
        byte[] content = bytes(file);
        byte[] own = SpunCode.writeOut(file, content);
        written += own == content ? 0 : 1;
        return defineClass(name, own, 0, own.length);
      } catch (IOException e) {
        throw new ClassNotFoundException(name, e);
      }
    }
  }
}
