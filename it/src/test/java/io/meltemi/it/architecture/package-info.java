/** The house rules of ARCHITECTURE.md, checked over the compiled classes of every module. */
@org.jspecify.annotations.NullMarked
package io.meltemi.it.architecture;
