/** What a person sees in the terminal. Any thread; lines are written whole. */
@NullMarked
package io.meltemi.embedded.console;

import org.jspecify.annotations.NullMarked;
