<?php

// Calls a function of the module in argv[1] as WHMCS does: {"function", "params", "whmcs"} on the input,
// the answer on the output, the lines of the module log on the error output.

namespace WHMCS\Domains\DomainLookup {
    class SearchResult
    {
        public const STATUS_NOT_REGISTERED = 'available for registration';
        public const STATUS_REGISTERED = 'registered';
        public const STATUS_RESERVED = 'reserved';
        public const STATUS_TLD_NOT_SUPPORTED = 'tld not supported';
        public string $status = '';

        public function __construct(public string $sld, public string $tld)
        {
        }

        public function setStatus(string $status): void
        {
            $this->status = $status;
        }
    }

    class ResultsList extends \ArrayObject
    {
    }
}

namespace {
    error_reporting(E_ALL);
    set_error_handler(static fn ($level, $message, $file, $line) => throw new ErrorException($message, 0, $level, $file, $line));
    define('WHMCS', true);
    $call = json_decode(stream_get_contents(STDIN), true);

    function logModuleCall(string $module, string $action, $request, $response, $data, array $hidden): void
    {
        fwrite(STDERR, str_replace(array_filter($hidden), '***', json_encode([$module, $action, $request, $response])) . "\n");
    }

    function localAPI(string $command, array $values): array
    {
        global $call;
        return ['result' => 'success', 'domains' => ['domain' => [$call['whmcs'] + ['id' => $values['domainid']]]]];
    }

    require $argv[1];
    $answer = ($call['function'])($call['params']);
    echo json_encode($answer instanceof ArrayObject ? $answer->getArrayCopy() : $answer);
}
