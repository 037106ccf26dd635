<?php

// What R01 asks of registrants beside the fields of WHMCS: to be added to resources/domains/additionalfields.php.
// The names are the keys of the panel's form; panel form ru lists them.

foreach (['.ru', '.su', '.рф', '.xn--p1ai'] as $tld) {
    $additionaldomainfields[$tld] = [
        ['Name' => 'name', 'DisplayName' => 'Name as in the passport or the charter', 'Type' => 'text', 'Size' => '50'],
        ['Name' => 'birth_date', 'DisplayName' => 'Date of birth (persons)', 'Type' => 'text', 'Size' => '10', 'Description' => 'YYYY-MM-DD'],
        ['Name' => 'passport', 'DisplayName' => 'Passport (persons): number, issuer, date', 'Type' => 'text', 'Size' => '80'],
        ['Name' => 'inn', 'DisplayName' => 'INN (organizations)', 'Type' => 'text', 'Size' => '12'],
        ['Name' => 'kpp', 'DisplayName' => 'KPP (organizations)', 'Type' => 'text', 'Size' => '9'],
        ['Name' => 'ogrn', 'DisplayName' => 'OGRN (organizations)', 'Type' => 'text', 'Size' => '15'],
        ['Name' => 'legal_address', 'DisplayName' => 'Legal address (organizations)', 'Type' => 'text', 'Size' => '80'],
    ];
}
