//===- GptStructure.td - models, parameters, functions, recipe ------------===//
//
// Part of gptc, under the MIT License.
//
//===----------------------------------------------------------------------===//

#ifndef GPTC_DIALECT_GPTSTRUCTURE_TD
#define GPTC_DIALECT_GPTSTRUCTURE_TD

include "GptBase.td"

//===----------------------------------------------------------------------===//
// The model
//===----------------------------------------------------------------------===//

let opDocGroup = ModelGroup in {
def ModelOp : Gpt_Op<"model", [IsolatedFromAbove, NoTerminator, SingleBlock,
    NoRegionArguments, DeclareOpInterfaceMethods<RegionKindInterface>]> {
  let summary = "a model: sizes, inputs, parameters, functions, graphs, recipe";
  let description = [{
    ```mlir
    gpt.model @nanogpt_tiny {
      gpt.base "nanogpt.mlir"
      gpt.let scheduled_steps = 440, extension_steps = 40
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
  let hasRegionVerifier = 1;
}
def BaseOp : Gpt_Named<"base", []> {
  let summary = "the model is that of another file, but for what stands here";
  let description = [{
    Everything of the file's one model joins this one, except what this one
    declares itself: a constant, an input, a parameter, a function, a schedule,
    an optimizer or a graph of the same name takes the other's place, also where
    the base reads it. The results are the base's values that this file reads,
    by their names there. `resolve-base` does it; a base may have bases.

    ```mlir
    gpt.model @nanogpt_tiny {
      gpt.base "nanogpt.mlir"
      gpt.let scheduled_steps = 440, extension_steps = 40
    }
    ```

    The file is looked for beside the one that names it. Errors: (B1) the file
    cannot be read; (B2) a file that leads back to itself; (B3) not one model;
    (B4) the base has no value of this name; (B5) a replacement of another kind;
    (B6) a part of a pack alone is replaced; (B7) a name that the base does not
    have and nothing reads.
  }];
  let arguments = (ins StrAttr:$file, ArrayAttr:$names);
  let results = (outs Variadic<AnyType>:$values);
  let assemblyFormat =
      "custom<BaseValues>($file, $names, type($values)) attr-dict";
}
def LetOp : Gpt_Op<"let"> {
  let summary = "sizes and constants; one without a value is set from outside";
  let description = [{
    ```mlir
    gpt.let T, D = 16, H = 2, K = D/H, fp8 = true
    ```

    Constraints: (C1) a name has one value.
  }];
  let arguments = (ins ArrayAttr:$args);
  let assemblyFormat = "custom<Lets>($args) attr-dict";
}
def RequireOp : Gpt_Op<"require"> {
  let summary = "what the sizes must fulfil, so that an impossible `--set` is "
                "one clear error";
  let description = [{
    In an optimizer or a function: what its numbers must fulfil, at every step,
    for every parameter that the optimizer has and every call of the function.

    ```mlir
    gpt.require H*K == D, mod(K, 4) == 0
    ```
  }];
  let arguments = (ins Variadic<F64>:$vars, ArrayAttr:$values);
  let assemblyFormat = "custom<Conditions>($vars, $values) attr-dict";
}
def InputOp : Gpt_Named<"input", [DeclareOpInterfaceMethods<InferShapes>]> {
  let summary = "what the data feed gives a micro-batch, [T] i32";
  let description = [{
    It says what it is: `tokens`, `targets` (the next tokens) or `docs` (for each
    position, where its document begins). One whose name is such a word need not:
    `%tokens = gpt.input [T] i32`. Tokens and targets that reach beyond the rows
    that they look up, or the logits that they pick, are refused as data.

    ```mlir
    %bytes = gpt.input tokens [T] i32
    ```

    Constraints: (C1) each of the three is [T] i32.
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<StrAttr>:$kind,
                       TypeAttr:$shape);
  let results = (outs Tensor:$y);
  let assemblyFormat = "`` custom<Feed>($kind) custom<Shape>($shape) `` "
                       "custom<Name>($name) attr-dict `` custom<Types>(type($y))";
  let extraClassDeclaration = [{
    /// What the host fills it with; none for what no host feeds.
    std::optional<Feed> getFeed();
  }];
}
def ParamOp : Gpt_Named<"param", [AttrSizedOperandSegments,
                                  DeclareOpInterfaceMethods<InferShapes>]> {
  let summary = "a parameter, or `N x` a bank of separate ones of one shape";
  let description = [{
    A bank's members are named NAME.0, NAME.1, … in files; it may be declared
    `without` some of them, `without 6, 9`: the others keep their numbers.

    Inits are a number; `normal(s)`, mean 0 and deviation s; `uniform(a)`, in
    [−a, a); `cycle(a, b, …)`, element i of the flat tensor being the (i mod n)-th;
    `rows(n, init, rest)`, one init for the first n rows and one for all others.

    `as [4, D, D]` behind the numbers: its optimizer sees four matrices one above
    the other, not one of 4*D rows.

    ```mlir
    %bank = gpt.param 11 x [D, D] without 6 init rows(8, uniform(sqrt(3/D)), 0) by %sgd (rate = 2)
    ```

    Constraints: (C1) its optimizer is named; (C2) it gives numbers that the
    optimizer takes; (C3) and all that have no default; (C4) what a bank is
    without are some of its members, each named once; (C5) elements are bf16 or
    f32; (C6) its optimizer serves its sizes, or those that it is seen `as`,
    which have as many elements.
  }];
  let arguments = (ins StrAttr:$name, TypeAttr:$shape,
                   OptionalAttr<I64Attr>:$count,
                   OptionalAttr<DenseI64ArrayAttr>:$without,
                   AnyAttr:$init, Optional<Gpt_OptimizerType>:$optimizer,
                   Variadic<F64>:$vars, ArrayAttr:$args,
                   OptionalAttr<Gpt_DimsAttr>:$as);
  let results = (outs Tensor:$y);
  let assemblyFormat = [{custom<Bank>($count, $without, $shape) `init` custom<Num>($init)
    (`by` $optimizer^)? `` custom<Args>($vars, $args) ``
    custom<SeenAndName>($as, $name) attr-dict `` custom<Types>(type($y))}];
  let extraClassDeclaration = [{
    /// The sizes of one member of a bank or of a stack, and what its optimizer
    /// sees: these, or what the parameter is seen `as`.
    ::llvm::SmallVector<::mlir::Attribute> getMemberSizes();
    ::llvm::SmallVector<::mlir::Attribute> getTrainedSizes();
  }];
}
def PackOp : Gpt_Named<"pack", [AttrSizedOperandSegments,
                                DeclareOpInterfaceMethods<InferShapes>]> {
  let summary = "one parameter whose parts have names of their own";
  let description = [{
    In files it is one vector of the pack's name: the parts one after the other,
    the last dimension of each running fastest.

    ```mlir
    %lambda, %pairs = gpt.pack "scalars" [] f32 init 0.5, [11, 2] f32 init cycle(0.5, 1.0) by %sgd
    ```

    Constraints: (C1) to (C3) and (C5) as of `param`; (C4) its parts have one
    element type.
  }];
  let arguments = (ins StrAttr:$name, ArrayAttr:$names, ArrayAttr:$shapes,
                   ArrayAttr:$inits, Optional<Gpt_OptimizerType>:$optimizer,
                   Variadic<F64>:$vars, ArrayAttr:$args);
  let results = (outs Variadic<Tensor>:$parts);
  let assemblyFormat = [{$name custom<Parts>($names, $shapes, $inits, type($parts)) (`by` $optimizer^)? `` custom<Args>($vars, $args) attr-dict}];
}
} // opDocGroup = ModelGroup
let opDocGroup = FunctionGroup in {
def FuncOp : Gpt_Op<"func", [Pure, SingleBlock,
    DeclareOpInterfaceMethods<CallableOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface,
        ["getAsmResultNames", "getAsmBlockArgumentNames"]>]> {
  let summary = "a function value: tensors with shapes, then numbers, which may "
                "have defaults; it sees the model's values";
  let description = [{
    A tensor without a shape, `%x`, may have any: what the function computes is
    checked for the shapes of each call.

    ```mlir
    %twice = gpt.func(%row : [T, D]) (%by = 2) {
      %y = gpt.scale %row by %by
      gpt.return %y
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, ArrayAttr:$shapes, ArrayAttr:$names,
                       ArrayAttr:$defaults);
  let results = (outs Gpt_FuncType:$y);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    ::mlir::ArrayAttr getArgAttrsAttr() { return {}; }
    ::mlir::ArrayAttr getResAttrsAttr() { return {}; }
    void setArgAttrsAttr(::mlir::ArrayAttr) {}
    void setResAttrsAttr(::mlir::ArrayAttr) {}
    ::mlir::Attribute removeArgAttrsAttr() { return {}; }
    ::mlir::Attribute removeResAttrsAttr() { return {}; }
  }];
}
def CallOp : Gpt_Op<"call", [AttrSizedOperandSegments,
                             DeclareOpInterfaceMethods<CallOpInterface>]> {
  let summary = "a call: tensors by place, numbers by name";
  let description = [{
    ```mlir
    %c7 = gpt.call %twice(%c6) (by = 3)
    ```

    Constraints: (C1) the callee is a `gpt.func`; (C2) as many tensors as it
    takes, (C3) of its shapes, where it names them; (C4) every number without a default is given,
    (C5) and no other; (C6) no function calls itself; (C7) as many results as it
    returns.
  }];
  let arguments = (ins Gpt_FuncType:$callee, Variadic<Gpt_ValueType>:$operands_,
                       Variadic<F64>:$vars, ArrayAttr:$args);
  let results = (outs Variadic<Gpt_ValueType>:$results_);
  let assemblyFormat = "$callee `(` $operands_ `)` `` custom<Args>($vars, $args)"
                       " attr-dict `` custom<Results>(type($results_))";
  let extraClassDeclaration = FuncOp.extraClassDeclaration;
}
def ReturnOp : Gpt_Op<"return", [Pure, Terminator]> {
  let summary = "the values of a function, a graph or an optimizer";
  let description = [{
    ```mlir
    gpt.return %loss
    ```

    Constraints: (C1) a function returns one value at least.
  }];
  let arguments = (ins Variadic<Tensor>:$values);
  let assemblyFormat = "custom<Values>($values, type($values)) attr-dict";
}
def GraphOp : Gpt_Op<"graph", [SingleBlock, NoRegionArguments,
                      DeclareOpInterfaceMethods<CallableOpInterface>]> {
  let summary = "what a program variant computes from inputs and parameters";
  let description = [{
    A model has `@train` (its loss), and may have `@validate` (a mean loss) and
    `@sample` (next-token probabilities). `instantiate` makes of each one graph
    a program variant, `@train_0`, `@train_1`, …, with its own copies of the
    inputs inside, and with the discardable attributes `kind` ("train",
    "validate" or "sample"), `tokens` (its T, an i64) and `steps` (the steps
    that run it, as [first, last] pairs in one flat i64 array).

    ```mlir
    gpt.graph @train {
      %loss = gpt.call %model()
      gpt.return %loss
    }
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword custom<Body>($body)";
  let extraClassDeclaration = FuncOp.extraClassDeclaration;
}
} // opDocGroup = FunctionGroup

//===----------------------------------------------------------------------===//
// Numbers and the recipe: host values that may change every step
//===----------------------------------------------------------------------===//

let opDocGroup = RecipeGroup in {
def ExprOp : Gpt_Op<"expr", [Pure]> {
  let summary = "arithmetic in infix: `gpt.expr 1.73 if %x > 2/3 else sqrt(D)`";
  let description = [{
    The grammar of every expression of the language:

        EXPR    = COMPARE ("if" COMPARE "else" EXPR)?
        COMPARE = SUM (("<" | "<=" | ">" | ">=" | "==") SUM)?
        SUM     = PRODUCT (("+" | "-") PRODUCT)*
        PRODUCT = SIGNED (("*" | "/") SIGNED)*
        SIGNED  = "-" SIGNED | NUMBER | NAME | "true" | "false" | "%" NAME
                | FUNCTION "(" EXPR, … ")" | "(" EXPR ")"

    All is float64. `/` is exact; `a if c else b` is a where c is not 0; a
    comparison is 1 or 0, `true` is 1. Of functions there are `min` and `max` (of
    one or more), `floor`, `ceil`, `sqrt`, `log` (natural), `exp`, `pow(a, b)`,
    `mod(a, b)` = a − b⌊a/b⌋, which has the sign of b, and `pick(i, x0, x1, …)`:
    x_⌊i⌋, the first where i is below 0, the last where it is beyond the end.
    What is not defined (0/0, a root of −1) is no number, and so is what is made
    of it, but not a choice that does not take it.

    ```mlir
    %peak = gpt.expr 1.73 if %step > 2/3*steps else sqrt(D)
    ```
  }];
  let arguments = (ins Variadic<F64>:$vars, AnyAttr:$value);
  let results = (outs F64:$y);
  let assemblyFormat = "custom<Infix>($vars, $value) attr-dict";
}
def ScheduleOp : Gpt_Op<"schedule", [SingleBlock,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<OpAsmOpInterface,
        ["getAsmResultNames", "getAsmBlockArgumentNames"]>]> {
  let summary = "numbers as a function of the step; the results are their "
                "values at the current step";
  let description = [{
    With `{shown}` behind the body every line of the training log shows them,
    whether anything else reads them or not.

    ```mlir
    %next, %split = gpt.schedule(%step) {
      gpt.yield pick(floor(3*%step/steps), 0.5, 0.25, 0), %step > steps/2
    } {shown}
    ```

    Constraints: (C1) a `gpt.yield` ends it; (C2) with one value a result.
  }];
  let arguments = (ins ArrayAttr:$names, UnitAttr:$shown);
  let results = (outs Variadic<F64>:$values);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let hasRegionVerifier = 1;
}
def YieldOp : Gpt_Op<"yield", [Pure, Terminator, HasParent<"ScheduleOp">]> {
  let summary = "the values of a schedule at a step";
  let description = [{
    ```mlir
    gpt.yield pick(floor(3*%step/steps), 0.5, 0.25, 0), %step > steps/2
    ```
  }];
  let arguments = (ins Variadic<F64>:$vars, ArrayAttr:$values);
  let assemblyFormat = "custom<Infixes>($vars, $values) attr-dict";
}
def YarnOp : Gpt_Named<"yarn", [Pure,
                                DeclareOpInterfaceMethods<InferShapes>]> {
  let summary = "rotary frequencies and softmax scale, corrected at every "
                "change of the window (YaRN)";
  let description = [{
    `count` frequencies base^-linspace(0, 1, count). When the schedule `window`
    goes from old to new, each frequency f makes r = old·f/2π rotations in the
    window; w = clamp((r − alpha)/(beta − alpha), 0, 1);
    f *= old/new + w·(1 − old/new); scale *= growth·ln(new/old) + 1.
    After arXiv:2309.00071, section 3.

    ```mlir
    %freqs, %heat = gpt.yarn (window = %window, count = K/4, base = 1024, alpha = 1, beta = 32, scale = 0.1, growth = 0.2)
    ```
  }];
  let arguments = (ins ArrayAttr:$names, Variadic<F64>:$vars,
                       ArrayAttr:$args);
  let results = (outs Tensor:$freqs, F64:$scale);
  let assemblyFormat = "`` custom<ResultNames>($names) `` custom<Args>($vars, "
                       "$args) attr-dict `` custom<Types>(type($freqs))";
}
def OptimizerOp : Gpt_Op<"optimizer", [SingleBlock,
    DeclareOpInterfaceMethods<OpAsmOpInterface,
        ["getAsmResultNames", "getAsmBlockArgumentNames"]>]> {
  let summary = "how a parameter follows its gradient: a function in the "
                "language's own ops, with states that it declares";
  let description = [{
    ```mlir
    %sgd = gpt.optimizer(%p, %g) states(%m) (%lr = 0.1, %beta = 0.9, %rate = 1) every 1 {
      %a = gpt.scale %m by %beta
      %b = gpt.add %a, %g
      %u = gpt.scale %b by %lr * %rate
      %p1 = gpt.sub %p, %u
      gpt.return %p1, %b
    }
    ```
    Two tensors, the parameter and its gradient summed since its last update,
    and perhaps a third, the norm of all gradients of the step, [] f32; then the
    states, f32, of the parameter's shape, zero at first; then numbers, given
    where a parameter names its optimizer (`by %sgd (lr = 0.1*%lr)`) or by their
    defaults. It acts on the last of every `every` steps. The number that it is
    `counting`, as in `every 2 counting %n`, is this update's number, from 1; a
    number `%count` is without being named so. Returns the new parameter and the
    new states. `name` is the value's name.

    `%p` serves parameters of any shape. `%p : [M, N]` serves matrices: `M` and
    `N` are sizes that shapes and expressions of the body may name, and states
    may have shapes of their own, `states(%row : [M])`. `%p : [B, M, N]` serves
    stacks: all matrices of one shape are updated at once, as B matrices, if
    their numbers are the same, or such that tensors are only scaled or shifted
    by them; one matrix alone is a stack of 1. A parameter may say which matrices
    it is made of, `by %muon as [4, D, D]`.

    Constraints: (C1) It returns the new parameter and each new state; (C2) each
    in its shape; (C3) sizes of the parameter are names or whole numbers, each
    name once; states have shapes of their own where the parameter has one.
  }];
  let arguments = (ins StrAttr:$name, ArrayAttr:$shapes, UnitAttr:$takesNorm,
                       I64Attr:$states, ArrayAttr:$names, ArrayAttr:$defaults,
                       AnyAttr:$every, OptionalAttr<StrAttr>:$counter);
  let results = (outs Gpt_OptimizerType:$y);
  let regions = (region SizedRegion<1>:$body);
  let hasCustomAssemblyFormat = 1;
  let extraClassDeclaration = [{
    /// Which argument is the first state, and how many are tensors.
    unsigned getFirstState() { return getTakesNorm() ? 3 : 2; }
    unsigned getTensors() { return getFirstState() + getStates(); }
    /// The declared sizes of a tensor, and of the parameter; empty for any.
    ::llvm::SmallVector<::mlir::Attribute> getSizesOf(unsigned tensor);
    ::llvm::SmallVector<::mlir::Attribute> getSizes() { return getSizesOf(0); }
    /// Whether a name is a size of the parameter that it serves.
    bool ownsName(::llvm::StringRef name);
    /// The value of each own name for a parameter with the sizes `dims`, in the
    /// order of `getSizes`; none if it does not serve such.
    std::optional<::llvm::SmallVector<::mlir::Attribute>>
    bindSizes(::llvm::ArrayRef<::mlir::Attribute> dims);
    /// The value of an own name among those that `bindSizes` gave; null for any
    /// other name.
    ::mlir::Attribute sizeOf(::llvm::StringRef name,
                             ::llvm::ArrayRef<::mlir::Attribute> bound);
    /// Whether a number is that of the update, which the step gives.
    bool isCounter(::llvm::StringRef number);
    /// Which tensor the i-th returned value becomes.
    unsigned getUpdated(unsigned i) { return i ? getFirstState() + i - 1 : 0; }
  }];
}
def RecipeOp : Gpt_Op<"recipe"> {
  let summary = "steps, batches, documents, validation (when `validate` is 1, "
                "before the step, and always at the end)";
  let description = [{
    `steps` and `micro_batches`, those of a step, are whole constants; `T`, the
    tokens of a micro-batch, may change with the step. A `document_token` begins
    each document of the data; of a document at most `max_document` tokens are
    taken, the rest is dropped. `validate` is 0 unless given. A validation is a
    mean over `validate_tokens` tokens, in slices of `validate_batch`; both are
    there where a graph @validate is. A graph @sample reads `sample_batch` tokens
    at a time, unless given as many as the first step's micro-batches have.

    With `bf16_gradients` the gradients of bf16 parameters are summed over the
    micro-batches of a step in bf16, as PyTorch sums them; else in f32. A target
    that stores f32 alone sums in f32 all the same.

    ```mlir
    gpt.recipe (steps = steps, micro_batches = 8, T = 4096/8, document_token = 0, max_document = 512, validate = %due,
                validate_tokens = 16384, validate_batch = 2048, sample_batch = 256)
    ```
  }];
  let arguments = (ins Variadic<F64>:$vars, ArrayAttr:$args);
  let assemblyFormat = "`` custom<Args>($vars, $args) attr-dict";
}
} // opDocGroup = RecipeGroup

#endif // GPTC_DIALECT_GPTSTRUCTURE_TD
